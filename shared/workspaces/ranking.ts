// In which order the stores of a workspace are to be tried for a download, and why. No ranking asks a store
// anything: what it rests on has been observed before, and what is not known yet is found out afterwards.

import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { DownloadContext } from './download-context.ts'
import type { Workspace } from './workspace.ts'
import { storesOf } from './workspace.ts'

export interface Ranking {
  /** The best first. */
  stores: readonly Store[]
  because: string
}

/** At once, but for prices, which may have to be loaded. */
export function rankStores(
  workspace: Workspace,
  from: string,
  context: DownloadContext,
): Ranking | Promise<Ranking> {
  const stores = storesOf(workspace)
  switch (from) {
    case 'primary':
      return { stores, because: 'it is the primary' }
    case 'fastest':
      return byLatency(stores, context)
    case 'balanced':
      return byWeight(workspace, stores, context)
    case 'cheapest':
      return import('./cheapest.ts').then(({ rankByPrice }) => rankByPrice(stores, context))
    default:
      return byName(workspace, stores, from)
  }
}

function byName({ name }: Workspace, stores: readonly Store[], from: string): Ranking {
  const named = stores.find((store) => store.name === from)
  if (named === undefined) {
    const known = stores.map((store) => store.name).join(', ')
    throw new StorageError(
      'invalid',
      `The workspace ${name} has no store "${from}"; name one of ${known}, or primary, fastest, cheapest or balanced.`,
    )
  }
  return { stores: [named, ...stores.filter((store) => store !== named)], because: 'it was named' }
}

function byLatency(stores: readonly Store[], { latencies }: DownloadContext): Ranking {
  const milliseconds = (store: Store) => latencies.of(store.name) ?? Number.POSITIVE_INFINITY
  // A difference of two infinities is no number; what is not measured keeps its place.
  const ranked = stores.toSorted((a, b) => milliseconds(a) - milliseconds(b) || 0)
  const [fastest] = ranked
  const measured = fastest && latencies.of(fastest.name)
  if (measured === undefined) {
    return { stores, because: 'no store has been measured yet, so it is the primary' }
  }
  const others = ranked.filter((store) => latencies.of(store.name) === undefined)
  const rest =
    others.length > 0 ? `; not measured yet: ${others.map((s) => s.name).join(', ')}` : ''
  return {
    stores: ranked,
    because: `${fastest!.name} answers fastest here, in ${Math.round(measured)} ms${rest}`,
  }
}

/** Drawn without putting back, so that fallbacks share the load by the same weights. */
function byWeight(
  { name, downloads }: Workspace,
  stores: readonly Store[],
  { random }: DownloadContext,
): Ranking {
  const left = stores
    .map((store) => ({ store, weight: downloads.weights[store.name] ?? 0 }))
    .filter(({ weight }) => weight > 0)
  const total = left.reduce((sum, { weight }) => sum + weight, 0)
  const drawn: typeof left = []
  while (left.length > 0) drawn.push(...left.splice(draw(left, random()), 1))
  const [first] = drawn
  if (first === undefined) {
    throw new StorageError(
      'invalid',
      `The workspace ${name} gives no store a weight; set downloads.weights, or ask for another source.`,
    )
  }
  return {
    stores: drawn.map(({ store }) => store),
    because: `${first.store.name} was drawn, with ${first.weight} of ${total} by weight`,
  }
}

function draw(left: readonly { weight: number }[], random: number): number {
  let point = random * left.reduce((sum, { weight }) => sum + weight, 0)
  for (const [index, { weight }] of left.entries()) {
    point -= weight
    if (point < 0) return index
  }
  return left.length - 1
}
