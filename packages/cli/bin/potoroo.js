#!/usr/bin/env node
// Runs on any Node, to say which one it takes; all else is in src.

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`potoroo: Node 22.18 or newer is needed; this is ${process.versions.node}\n`)
  process.exitCode = 2
} else {
  // oxlint-disable-next-line no-restricted-imports -- this is where the package begins
  await import('../dist/main.js')
}
