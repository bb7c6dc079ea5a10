// The lifecycle rules of a bucket that speaks S3, by requests of our own, so that they can be written wherever
// the driver runs. The document is only written whole: everybody's rules go back as they came, letter by letter,
// and so does the bucket's least size for transitions, which a write without it would set anew. S3 has no
// condition for it. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html

import type { Xml } from '#shared/wire/xml.ts'
import { element, elementsOf, textOf } from '#shared/wire/xml.ts'
import { isStorageError } from '../../errors.ts'
import type { Claim, LifecycleAction, LifecycleBook, LifecycleRule } from '../../lifecycle-rule.ts'
import type { Ask, Named } from '../../setup-step.ts'
import { strangeAnswer } from '../refusals.ts'
import { openBucket } from './bucket.ts'
import { checkedDocument } from './document.ts'
import { codeOf } from './errors.ts'
import type { XmlAnswer } from './requests.ts'
import type { S3Settings } from './settings.ts'

/** A rule as it is written, without the element around it. */
export type S3Rule = Xml
type LeastSize = string | undefined

const LEAST_SIZE = 'x-amz-transition-default-minimum-object-size'
const QUERY = { lifecycle: '' }

export function lifecycleBook(settings: S3Settings, ask: Ask): LifecycleBook<S3Rule, LeastSize> {
  const { requests } = openBucket(settings)
  return {
    store: settings.name,
    async read() {
      const answer = await ask('GetBucketLifecycleConfiguration', (signal) =>
        orNone(requests.xml({ method: 'GET', query: QUERY, signal })),
      )
      const tag = answer?.headers.get(LEAST_SIZE) ?? undefined
      return { value: answer ? rulesIn(settings, answer) : [], tag }
    },
    async write(next, { tag }) {
      await ask('PutBucketLifecycleConfiguration', (signal) =>
        next.length === 0
          ? requests.headers({ method: 'DELETE', query: QUERY, signal })
          : requests.headers({ method: 'PUT', query: QUERY, ...documentOf(next, tag), signal }),
      )
    },
    encode,
    describe,
    claims,
  }
}

async function orNone(asked: Promise<XmlAnswer>): Promise<XmlAnswer | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isStorageError(error) && codeOf(error) === 'NoSuchLifecycleConfiguration') return undefined
    throw error
  }
}

/** What is not understood to the last letter is refused: to write it back would lose somebody's rule. */
function rulesIn({ name }: S3Settings, { xml, root }: XmlAnswer): Named<S3Rule>[] {
  const rules = elementsOf(xml, 'Rule')
  const rest = rules.reduce((left, rule) => left.replace(rule, ''), xml)
  const isAll = /^\s*(<\?[^>]*\?>\s*)?<\w+[^>]*>(\s|<Rule[^>]*>\s*<\/Rule\s*>)*<\/\w+>\s*$/.test(
    rest,
  )
  const isNone = rules.length === 0 && !xml.includes('Rule')
  if (root !== 'LifecycleConfiguration' || !(isAll || isNone)) throw strangeAnswer(name, undefined)
  return rules.map((rule) => ({ name: textOf(rule, 'ID'), rule: { xml: rule } }))
}

function documentOf(next: readonly Named<S3Rule>[], tag: LeastSize) {
  const rules = next.map(({ rule }) => element('Rule', rule))
  const { headers, content } = checkedDocument('LifecycleConfiguration', rules)
  return { headers: { ...headers, ...(tag !== undefined && { [LEAST_SIZE]: tag }) }, content }
}

function encode({ name, action, prefix, afterDays, storageClass }: LifecycleRule): S3Rule {
  const days = String(afterDays)
  const actions: Record<LifecycleAction, Xml> = {
    'abort-multipart': element(
      'AbortIncompleteMultipartUpload',
      element('DaysAfterInitiation', days),
    ),
    noncurrent: element('NoncurrentVersionExpiration', element('NoncurrentDays', days)),
    expire: element('Expiration', element('Days', days)),
    transition: element('Transition', [
      element('Days', days),
      element('StorageClass', storageClass),
    ]),
  }
  const scope = [element('ID', name), element('Filter', element('Prefix', prefix))]
  const { xml } = element('Rule', [...scope, element('Status', 'Enabled'), actions[action]])
  return { xml: xml.slice('<Rule>'.length, -'</Rule>'.length) }
}

const ACTIONS = [
  ...['AbortIncompleteMultipartUpload', 'Expiration', 'NoncurrentVersionExpiration'],
  ...['NoncurrentVersionTransition', 'Transition'],
] as const

/** Some write the prefix where it stood before there were filters, and leave an empty one out. */
function describe({ xml }: S3Rule): Record<string, unknown> {
  const actions = ACTIONS.map((action) => [action, elementsOf(xml, action).map(fieldsIn)] as const)
  return {
    Status: textOf(xml, 'Status'),
    Prefix: JSON.stringify(prefixOf(xml)),
    Filter: isPlain(xml) ? undefined : elementsOf(xml, 'Filter').join(''),
    ...Object.fromEntries(
      actions.map(([action, found]) => [action, found.length > 1 ? found : found[0]]),
    ),
  }
}

/** One level of elements with text: `{ Days: 30, StorageClass: … }`. */
function fieldsIn(xml: string): Record<string, string | number> {
  const pairs = [...xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)]
  return Object.fromEntries(
    pairs.map(([, name, text = '']) => [name, /^\d+$/.test(text) ? Number(text) : text]),
  )
}

/** Prefixes are found in filters, in their conjunctions, and where they stood before there were filters. */
function prefixOf(xml: string): string {
  return textOf(xml, 'Prefix') ?? ''
}

/** It asks nothing of an object besides its prefix. */
function isPlain(xml: string): boolean {
  const asked = elementsOf(xml, 'Filter')
    .join('')
    .matchAll(/<(\w+)/g)
  return [...asked].every(([, name]) => name === 'Prefix' || name === 'And')
}

function claims({ xml }: S3Rule): Claim[] {
  if (textOf(xml, 'Status') !== 'Enabled') return []
  const plain = isPlain(xml)
  const base = { prefixes: [prefixOf(xml)], plain }
  const found: Claim[] = elementsOf(xml, 'Transition').map((one) => ({
    ...{ ...base, action: 'transition' as const },
    ...{ afterDays: daysIn(one, 'Days'), storageClass: textOf(one, 'StorageClass') },
  }))
  for (const one of elementsOf(xml, 'Expiration')) {
    const afterDays = daysIn(one, 'Days')
    if (afterDays === undefined && textOf(one, 'Date') === undefined) continue
    found.push({ ...base, action: 'expire', afterDays })
  }
  for (const one of elementsOf(xml, 'NoncurrentVersionExpiration')) {
    const all = plain && textOf(one, 'NewerNoncurrentVersions') === undefined
    const afterDays = daysIn(one, 'NoncurrentDays')
    found.push({ ...base, action: 'noncurrent', afterDays, plain: all })
  }
  for (const one of elementsOf(xml, 'AbortIncompleteMultipartUpload')) {
    const afterDays = daysIn(one, 'DaysAfterInitiation')
    found.push({ ...base, action: 'abort-multipart', afterDays })
  }
  return found
}

function daysIn(xml: string, name: string): number | undefined {
  const text = textOf(xml, name)
  return text === undefined ? undefined : Number(text)
}
