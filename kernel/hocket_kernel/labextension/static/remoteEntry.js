// How JupyterLab and Notebook find the language: a module federation container, written by hand.
//
// JupyterLab adds this file as a script, calls `init` with the modules that it shares, then `get("./extension")`
// for the plugins.  Nothing is built: what is here is what is served, and the modules beside it are imported as they are.
(function () {
  "use strict";

  const here = document.currentScript.src;
  let scope = {};

  // A module that JupyterLab shares, in the version that it uses itself.
  async function shared(name) {
    const versions = scope[name];
    if (!versions) throw new Error(`hocket: JupyterLab does not share ${name}`);
    const found = Object.values(versions);
    const factory = await (found.find((version) => version.loaded) || found[found.length - 1]).get();
    return factory();
  }

  async function plugin() {
    const [editor, language, { parser }] = await Promise.all([
      shared("@jupyterlab/codemirror"),
      shared("@codemirror/language"),
      import(new URL("language.js", here)),
    ]);
    return {
      id: "hocket:language",
      description: "Colours, indentation and comments for Hocket.",
      autoStart: true,
      requires: [editor.IEditorLanguageRegistry],
      activate: (app, languages) => {
        languages.addLanguage({
          name: "hocket",
          displayName: "Hocket",
          mime: "text/x-hocket",
          extensions: ["hkt", "ruff"],
          support: new language.LanguageSupport(language.StreamLanguage.define(parser)),
        });
        app.docRegistry.addFileType({
          name: "hocket",
          displayName: "Hocket",
          extensions: [".hkt"],
          mimeTypes: ["text/x-hocket"],
        });
      },
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.hocket = {
    init: (shares) => {
      scope = shares;
    },
    get: async () => {
      const plugins = [await plugin()];
      return () => ({ __esModule: true, default: plugins });
    },
  };
})();
