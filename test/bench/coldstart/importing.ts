// Imports the module that it is told, in a process that has done nothing else, and says how many milliseconds
// that took.

const [module = ''] = process.argv.slice(2)
const started = performance.now()
await import(module)
console.log(performance.now() - started)
process.exit()
