// One step of the count that comes before a deep sweep: how much there is to read, by how long ago it was read
// last. Lists and records alone are asked.

import type { Part, Step, Tally } from '#shared/jobs/job.ts'
import { addTallies } from '#shared/jobs/job.ts'
import { cheapestOf, costOfReading } from './costs.ts'
import { ageTally, wishOf } from './coverage.ts'
import { holding, restOf, rowsOf } from './rows.ts'
import type { SweepCursor, SweepJob, SweepPart } from './sweep.ts'

export async function countStep(
  { context, input, prices, log }: SweepJob,
  part: Part<SweepPart, SweepCursor>,
): Promise<Step<SweepCursor>> {
  const after = part.cursor?.after
  const range = restOf(part.of.range, after, after !== undefined && context.order.isStray(after))
  const wish = wishOf(input, context.now())
  let sum: Tally = {}
  const listed = { 'requests.list': 0, nano: 0 }
  const pages = rowsOf(context, {
    ...{ range, signal: part.signal },
    onPage(store) {
      listed['requests.list']++
      listed.nano += prices[store]!.list
    },
    onUnreadable: (error) => log?.(`The records of a pair cannot be read: ${String(error)}`),
  })
  for await (const rows of pages) {
    const ages = rows.flatMap((row): Tally[] => {
      const [primary] = row.objects
      if (!primary) return []
      const held = [...row.objects.keys()].filter((at) => row.objects[at] !== undefined)
      const reads = input.read === 'cheapest' ? [cheapestOf(prices, held)] : held
      const bytes = reads.reduce((all, at) => all + (row.objects[at]?.size ?? 0), 0)
      const aged = { key: row.key, modified: primary.modified.getTime(), records: holding(row) }
      return [ageTally(aged, wish, { bytes, nano: costOfReading(prices, reads, row.objects) })]
    })
    sum = addTallies([sum, ...ages])
    const last = rows.at(-1)
    if (last && !part.mayGoOn())
      return { cursor: { after: last.key }, tally: addTallies([sum, listed]) }
  }
  return { tally: addTallies([sum, listed]) }
}
