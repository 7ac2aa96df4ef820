// Runs programs in Node.js: name -> text on standard input, name -> [milliseconds, result] on the output.
import { readFileSync } from 'node:fs'
import timers from 'node:timers/promises'

const results = {}
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  const run = new Function('timers', `${text}\nreturn run`)(timers)
  await run()
  const begun = performance.now()
  const result = await run()
  results[name] = [performance.now() - begun, result]
}
console.log(JSON.stringify(results))
