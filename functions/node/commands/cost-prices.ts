// `cost prices`: what the catalogue says, with the source of each figure and what weakens it.

import type { ClassRules } from '#shared/prices/classes.ts'
import type { Figure, Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Ladder } from '#shared/prices/ladder.ts'
import { formatUsd } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import { openSuite } from '#shared/suite.ts'
import { formatBytes } from '../terminal/format.ts'
import { table } from '../terminal/table.ts'
import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'

interface Line {
  what: string
  /** `unknown`, or none where there is nothing to be priced. */
  usd: string | undefined
  unit: string
  asOf: string | undefined
  flags: readonly string[]
  source: string
}

export const costPrices: CommandRow = {
  name: 'cost prices',
  parameters: '<provider> [region]',
  summary: 'What a provider takes, and how that is known',
  about:
    'Providers: s3 gcs azure r2 b2 wasabi spaces, and those of your own file of prices. Unknown is said, never zero.',
  examples: [['skein cost prices s3 eu-central-1', 'classes, requests and egress in Frankfurt']],
  async run(context, [provider, region]) {
    const suite = openSuite(await context.config(), context.platform)
    const lines = linesOf(await suite.prices(), provider!, region)
    context.out.answer({ provider, region, lines }, () =>
      table(
        [
          ...[{ title: 'WHAT' }, { title: 'USD', right: true }, { title: 'UNIT' }],
          ...[{ title: 'AS OF' }, { title: 'FLAGS' }, { title: 'SOURCE' }],
        ],
        lines.map(({ what, usd, unit, asOf, flags, source }) => [
          ...[what, usd ?? '', unit, asOf ?? '', flags.join(' '), source],
        ]),
      ),
    )
  },
}

function linesOf(prices: Prices, provider: string, region: string | undefined): Line[] {
  const found = prices.provider(provider)
  if (!isKnown(found)) throw new UsageError(found.reason)
  const classes = Object.keys(found.classes ?? {}).flatMap((name, at) => {
    const shelf = { provider, region, class: name }
    return [
      ...rungs(`${name} storage`, prices.storage(shelf)),
      line(`${name} put`, prices.request(shelf, 'put')),
      line(`${name} get`, prices.request(shelf, 'get')),
      line(`${name} retrieval`, prices.retrieval(shelf)),
      // No rule leads into the first class.
      ...(at > 0 ? [line(`${name} moved here by a rule`, prices.transition(shelf))] : []),
      ...ruleLines(name, prices.rules(shelf)),
    ]
  })
  const egress = prices.egress({ provider, region }, 'internet')
  return [...classes, ...rungs('egress', isKnown(egress) ? egress.ladder : egress)]
}

/** Each step of a price says where it ends. */
function rungs(what: string, ladder: Ladder | Unknown): Line[] {
  if (!isKnown(ladder)) return [line(what, ladder)]
  return ladder.map(({ figure, upTo }, at) => {
    const beyond = at > 0 ? ', beyond' : ''
    const until = upTo === undefined ? beyond : `, to ${formatBytes(Number(upTo))} a month`
    return line(what + until, figure)
  })
}

/** What is charged for in spite of what is there. */
function ruleLines(name: string, rules: ClassRules | Unknown): Line[] {
  if (!isKnown(rules)) return []
  const { minimumDays, minimumObjectBytes, overhead } = rules
  const counts: [string, Figure<number> | undefined, string][] = [
    ['billed for at least', minimumDays, 'days'],
    ['each object billed as at least', minimumObjectBytes, 'bytes'],
    ['beside each object', overhead?.classRateBytes, 'bytes'],
    ['beside each object, as standard', overhead?.standardRateBytes, 'bytes'],
  ]
  return counts.flatMap(([what, figure, unit]) => {
    if (!figure || figure.value === 0) return []
    const { source, flags, value } = figure
    const said = { usd: undefined, unit: '', asOf: source.asOf, flags, source: source.from }
    return [{ what: `${name} ${what} ${value} ${unit}`, ...said }]
  })
}

function line(what: string, figure: Figure | Unknown): Line {
  if (!isKnown(figure))
    return { what, usd: 'unknown', unit: '', asOf: undefined, flags: [], source: figure.reason }
  const { value, unit, source, flags } = figure
  return {
    what,
    usd: plain(formatUsd(value, 8)),
    unit,
    asOf: source.asOf,
    flags,
    source: source.from,
  }
}

function plain(text: string): string {
  return text.replace(/0+$/, '').replace(/\.$/, '')
}
