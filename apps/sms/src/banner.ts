import { stripVTControlCharacters, styleText } from 'node:util'

export interface BannerLine {
  readonly label: string
  readonly text: string
}

/** What is printed at the start: a title and labelled lines, in colour on a terminal and plain elsewhere. */
export function banner(title: string, lines: readonly BannerLine[], stream: NodeJS.WriteStream): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string => styleText(style, text, { stream })
  const width = Math.max(...lines.map(({ label }) => label.length))
  const rows = lines.map(({ label, text }) => `  ${paint('dim', label.padEnd(width))}  ${linkify(text, paint)}`)
  return `\n${paint('bold', title)}\n\n${rows.join('\n')}\n\n`
}

const linkify = (text: string, paint: (style: 'cyan', text: string) => string): string =>
  text.replace(/https?:\/\/\S+/g, (url) => paint('cyan', stripVTControlCharacters(url)))
