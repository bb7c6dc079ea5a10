// The whole suite, for one store. Negative cases depend on what the store claims.

import { callCases } from './calls.ts'
import type { Case } from './case.ts'
import { classCases } from './classes.ts'
import { conditionCases } from './conditions.ts'
import { copyCases } from './copy.ts'
import { deleteCases } from './delete.ts'
import { errorCases } from './errors.ts'
import { getCases } from './get.ts'
import type { Harness } from './harness.ts'
import { keyCases } from './keys.ts'
import { listCases } from './list.ts'
import { multipartCases } from './multipart.ts'
import { putCases } from './put.ts'
import { refusalCases } from './refusals.ts'
import { retentionCases } from './retention.ts'
import { signDeleteCases } from './sign-delete.ts'
import { signFormCases } from './sign-form.ts'
import { signGetCases } from './sign-get.ts'
import { signPartCases } from './sign-part.ts'
import { signPutCases } from './sign-put.ts'
import { signResumableCases } from './sign-resumable.ts'
import { tagCases } from './tags.ts'
import { transferCases } from './transfer.ts'
import { versionCases } from './versions.ts'

export function casesFor(harness: Harness): Case[] {
  return [
    ...putCases,
    ...getCases,
    ...conditionCases,
    ...deleteCases,
    ...listCases,
    ...keyCases,
    ...copyCases,
    ...multipartCases,
    ...transferCases,
    ...callCases,
    ...errorCases,
    ...versionCases,
    ...classCases,
    ...tagCases,
    ...retentionCases,
    ...signGetCases,
    ...signPutCases,
    ...signPartCases,
    ...signDeleteCases,
    ...signFormCases,
    ...signResumableCases,
    ...refusalCases(harness.capabilities),
  ]
}

export const titleOf = ({ group, name }: Case): string => `${group}: ${name}`

/** A case by its title, as one process names it to another. */
export function caseCalled(harness: Harness, title: string): Case {
  const found = casesFor(harness).find((one) => titleOf(one) === title)
  if (found === undefined) throw new Error(`the suite has no case "${title}"`)
  return found
}
