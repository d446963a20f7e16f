#!/usr/bin/env node
// Plain JavaScript that old Nodes can read too: they get a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`Perfmon needs Node 22.18 or newer; this is Node ${process.versions.node}.`)
  process.exit(1)
}
const { main } = await import('../dist/main.js')
await main(process.argv.slice(2))
