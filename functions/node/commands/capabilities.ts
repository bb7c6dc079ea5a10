// `capabilities`: what each provider can do, and how that is known.

import { capabilityMatrix, matrixPage } from '#shared/storage/matrix.ts'
import type { CommandRow } from './command.ts'

export const capabilities: CommandRow = {
  name: 'capabilities',
  summary: 'What each provider can do, and how that is known',
  about: 'A Markdown table; with --json the records that guard every call.',
  async run(context) {
    context.out.answer(capabilityMatrix(), () => matrixPage())
  },
}
