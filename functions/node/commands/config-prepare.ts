// `config prepare`: a Worker's variables, with what the check of their configuration came to beside them, so that
// the Worker need not check at each start. They are checked as they will be there: without files, and with no
// variable but these.

import { checkAhead } from '#shared/config/check-ahead.ts'
import { CHECKED_VARIABLE } from '#shared/config/checked.ts'
import { isGroup } from '#shared/shape/group.ts'
import { readIfThere } from '../platform.ts'
import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'
import { replaceFile } from './config-file.ts'

/** https://developers.cloudflare.com/workers/platform/limits/#environment-variables */
const MOST_BYTES = 5000

export const configPrepare: CommandRow = {
  name: 'config prepare',
  parameters: '<file>',
  summary: 'Check the configuration of a Worker before it is deployed',
  about: `FILE is what wrangler gets as --secrets-file: a JSON object of texts, SKEIN_CONFIG among them. Problems are told, and nothing is written. Else ${CHECKED_VARIABLE} is put into the file, by which the Worker starts without checking again. It holds for these very variables: prepare the file anew after each change, or the Worker checks for itself and starts slower.`,
  examples: [['skein config prepare secrets.json', 'then deploy it']],
  async run({ out }, [file = '']) {
    const { [CHECKED_VARIABLE]: _, ...variables } = await readVariables(file)
    const checked = await checkAhead(variables)
    const bytes = Buffer.byteLength(checked)
    const fits = bytes <= MOST_BYTES
    const prepared = { ...variables, ...(fits && { [CHECKED_VARIABLE]: checked }) }
    await replaceFile(file, `${JSON.stringify(prepared, null, 2)}\n`)
    out.answer({ file, bytes, prepared: fits }, () =>
      fits
        ? `The configuration is right, and ${file} says so (${CHECKED_VARIABLE}, ${bytes} bytes).`
        : `The configuration is right. ${CHECKED_VARIABLE} would be ${bytes} bytes, and Cloudflare takes ${MOST_BYTES}: the Worker will check for itself.`,
    )
  },
}

async function readVariables(file: string): Promise<Record<string, string>> {
  const text = await readIfThere(file)
  if (text === undefined) throw new UsageError(`There is no file ${file}.`)
  const variables = parse(text)
  if (isGroup(variables) && Object.values(variables).every((value) => typeof value === 'string')) {
    return variables as Record<string, string>
  }
  throw new UsageError(`${file} is not a JSON object of texts, such as {"SKEIN_CONFIG": "…"}.`)
}

/** What the parser would quote may be a secret. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
