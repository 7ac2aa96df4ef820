// Runs programs in Node.js; see `workers.py` for what it is told and answers.
import readline from 'node:readline/promises'
import timers from 'node:timers/promises'

async function measured(run) {
  const begun = performance.now(), busy = process.cpuUsage()
  const result = await run()
  const { user, system } = process.cpuUsage(busy)
  return [performance.now() - begun, (user + system) / 1000, result]
}

const programs = {}
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [name, text] = JSON.parse(line)
  if (text !== undefined) programs[name] = new Function('timers', `${text}\nreturn run`)(timers)
  console.log(JSON.stringify(await measured(programs[name])))
}
