// npm run bench [-- sqlite deferred]: measures, prints the table, and writes it to bench/RESULTS.md.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { Row } from './measure.ts'
import { peerVersion } from './peers.ts'

const NOT_QUESTIONS = new Set(['run', 'measure', 'peers'])
const here = new URL('./', import.meta.url)
const all = readdirSync(here)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !NOT_QUESTIONS.has(name))
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}`)
  process.exit(2)
}

const table: Row[] = []
for (const name of asked.length > 0 ? asked : all) {
  const { rows } = (await import(new URL(`./${name}.ts`, here).href)) as { rows: () => Promise<Row[]> }
  for (const row of await rows()) {
    table.push(row)
    console.log(line(row).join(' | '))
  }
}

const { dependencies } = JSON.parse(readFileSync(new URL('./peers/package.json', here), 'utf8')) as {
  dependencies: Record<string, string>
}
const text = `# What was measured

${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores of ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, SQLite ${process.versions.sqlite}.
Peers, each at its best settings: ${Object.keys(dependencies)
  .map((name) => `${name} ${peerVersion(name)}`)
  .join(', ')}.
Medians of five interleaved runs after one that does not count, by \`npm run bench${asked.map((name) => ` ${name}`).join('')}\`.

| What | Potoroo | Peers | Target | Met |
| --- | ---: | ---: | --- | --- |
${table.map((row) => `| ${line(row).join(' | ')} |`).join('\n')}
`
if (asked.length === 0) writeFileSync(new URL('./RESULTS.md', here), text)
console.log(asked.length === 0 ? '\nWritten to bench/RESULTS.md' : '\nOnly a full run is written to bench/RESULTS.md')

function line({ what, unit, ours, peers, target, met }: Row): string[] {
  const others = peers.map(({ name, value }) => `${name} ${figure(value)}`).join(', ')
  return [what, `${figure(ours)} ${unit}`, others || '–', target, met === null ? '–' : met ? 'yes' : 'no']
}

function figure(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
