// `completion`: a script for the shell, made from the command rows.

import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'

/** Given the rows, since it is one of them. */
export function completionCommand(rows: () => readonly CommandRow[]): CommandRow {
  return {
    name: 'completion',
    parameters: '<shell>',
    summary: 'Print a completion script for bash, zsh or fish',
    examples: [
      ['skein completion bash >> ~/.bashrc', 'bash'],
      ['skein completion zsh > "${fpath[1]}/_skein"', 'zsh'],
      ['skein completion fish > ~/.config/fish/completions/skein.fish', 'fish'],
    ],
    async run({ out }, [shell = '']) {
      const script = SCRIPTS[shell]
      if (script === undefined)
        throw new UsageError(`completion knows bash, zsh and fish, not "${shell}".`)
      out.stdout.write(script(rows()))
    },
  }
}

const GLOBAL = ['--json', '--config', '--help']

const SCRIPTS: Record<string, (rows: readonly CommandRow[]) => string> = { bash, zsh, fish }

interface Word {
  word: string
  summary: string
  options: string[]
  inner: Word[]
}

/** Groups (`config show`) as one word with words inside. */
function tree(rows: readonly CommandRow[]): Word[] {
  const words: Word[] = []
  for (const row of rows) {
    let level = words
    const steps = row.name.split(' ')
    for (const [index, word] of steps.entries()) {
      let found = level.find((one) => one.word === word)
      if (!found) level.push((found = { word, summary: row.summary, options: [], inner: [] }))
      if (index === steps.length - 1) found.options = flags(row)
      level = found.inner
    }
  }
  return words
}

function flags(row: CommandRow): string[] {
  return (row.options ?? []).flatMap((option) => option.flags.match(/--[a-z-]+/g) ?? [])
}

function bash(rows: readonly CommandRow[]): string {
  const words = tree(rows)
  const cases = words.map(
    ({ word, options, inner }) =>
      `    ${word}) words="${[...inner.map((one) => one.word), ...inner.flatMap((one) => one.options), ...options, ...GLOBAL].join(' ')}" ;;`,
  )
  return [
    '_skein() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" words',
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    '  esac',
    `  [ "$COMP_CWORD" = 1 ] && words="${words.map(({ word }) => word).join(' ')} ${GLOBAL.join(' ')}"`,
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  [ -z "${COMPREPLY[*]}" ] && COMPREPLY=($(compgen -f -- "$current"))',
    '}',
    'complete -o filenames -F _skein skein',
    '',
  ].join('\n')
}

function zsh(rows: readonly CommandRow[]): string {
  const words = tree(rows)
  const lines = words.map(
    ({ word, summary }) => `    '${word}:${summary.replaceAll("'", '’').replaceAll(':', '\\:')}'`,
  )
  const cases = words.map(
    ({ word, options, inner }) =>
      `    ${word}) compadd -- ${[...inner.map((one) => one.word), ...inner.flatMap((one) => one.options), ...options, ...GLOBAL].join(' ')}; _files ;;`,
  )
  return [
    '#compdef skein',
    '_skein() {',
    '  local -a commands=(',
    ...lines,
    '  )',
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  case "$words[2]" in',
    ...cases,
    '  esac',
    '}',
    '_skein "$@"',
    '',
  ].join('\n')
}

function fish(rows: readonly CommandRow[]): string {
  const words = tree(rows)
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = words.flatMap(({ word, summary, options, inner }) => [
    `complete -c skein -n __fish_use_subcommand -f -a ${word} -d ${quote(summary)}`,
    ...inner.map(
      (one) =>
        `complete -c skein -n '__fish_seen_subcommand_from ${word}' -f -a ${one.word} -d ${quote(one.summary)}`,
    ),
    ...[...options, ...inner.flatMap((one) => one.options)].map(
      (option) =>
        `complete -c skein -n '__fish_seen_subcommand_from ${word}' -l ${option.slice(2)}`,
    ),
  ])
  return [...lines, ...GLOBAL.map((flag) => `complete -c skein -l ${flag.slice(2)}`), ''].join('\n')
}
