// Python runs here, so that the page stays alive and can end it: code that does not stop is ended with the worker.
let bridge = null;

async function start(address) {
  const { loadPyodide } = await import(new URL("pyodide.mjs", address).href);
  const python = await loadPyodide({ indexURL: address, stdout: () => {}, stderr: () => {} });
  const answer = await fetch("booking.zip");
  python.unpackArchive(await answer.arrayBuffer(), "zip");
  const called = python.runPython("import json; from booking.lab.bridge import call; lambda name, said: json.dumps(call(name, json.loads(said)))");
  bridge = (name, said) => JSON.parse(called(name, JSON.stringify(said)));
}

self.onmessage = async (event) => {
  const { id, name, said } = event.data;
  try {
    const result = name === "start" ? (await start(said.pyodide), {}) : bridge(name, said);
    self.postMessage({ id, result });
  } catch (error) {
    self.postMessage({ id, result: { error: String(error.message || error).trim().split("\n").pop() } });
  }
};
