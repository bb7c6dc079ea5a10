// The configuration's file, changed as a whole or not at all: nothing is written unless the configuration is
// right afterwards, and a reader finds the old file or the new one. Who may read it stays as it was.

import { rename, stat, unlink, writeFile } from 'node:fs/promises'
import { readConfig } from '#shared/config/config.ts'
import type { Edited } from '#shared/config/edit.ts'
import { FILE_NAMES, isText } from '#shared/config/find.ts'
import { readIfThere } from '../platform.ts'
import type { Context } from './command.ts'
import { UsageError } from './command.ts'

/** Returns the file's name. */
export async function changeConfig(
  context: Context,
  change: (text: string, source: string) => Promise<Edited>,
): Promise<string> {
  const { file, text } = await findFile(context)
  const edited = await change(text, file)
  readConfig(edited.data, file, context.platform)
  await replaceFile(file, edited.text)
  return file
}

/** The file may be begun with this very change: then its text is empty. */
async function findFile(context: Context): Promise<{ file: string; text: string }> {
  const given = context.configPath ?? (context.platform.env['SKEIN_CONFIG'] || undefined)
  if (given !== undefined && isText(given)) {
    throw new UsageError(
      'The configuration is held in the variable SKEIN_CONFIG, which no command can change.',
    )
  }
  for (const file of given === undefined ? FILE_NAMES : [given]) {
    const text = await readIfThere(file)
    if (text !== undefined) return { file, text }
  }
  return { file: given ?? FILE_NAMES[0], text: '' }
}

export async function replaceFile(file: string, text: string): Promise<void> {
  const mode = await stat(file).then(
    (stats) => stats.mode,
    () => undefined,
  )
  const partial = `${file}.skein-${process.pid}`
  try {
    await writeFile(partial, text, mode === undefined ? {} : { mode })
    await rename(partial, file)
  } catch (error) {
    await unlink(partial).catch(() => undefined)
    throw error
  }
}
