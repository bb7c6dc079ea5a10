// The list of objects, with what each store holds of them, and what can be done with one.

import type { ListedObject, SkeinClient, StoreCopy } from '#shared/client/client.ts'
import { button, element, find, messageOf, sizeText } from './element.ts'

const PAGE = 100

export interface ObjectTable {
  /** From the first page on. */
  refresh: () => Promise<void>
}

export function createObjectTable(client: SkeinClient, say: (text: string) => void): ObjectTable {
  const body = find('objects', HTMLElement).querySelector('tbody')!
  const more = find('more', HTMLButtonElement)
  let cursor: string | undefined
  let latest = 0

  async function load(from: string | undefined): Promise<void> {
    const mine = ++latest
    try {
      const page = await client.listPage({ limit: PAGE, stores: 'all', cursor: from })
      // Overtaken: what was asked for later shows what is newer.
      if (mine !== latest) return
      const rows = page.objects.map((object) => toRow(object, { client, say, refresh }))
      if (from === undefined) body.replaceChildren(...rows)
      else body.append(...rows)
      cursor = page.cursor
      more.hidden = cursor === undefined
      find('nothing', HTMLElement).hidden = body.childElementCount > 0
      const silent = page.unreachable ?? []
      if (silent.length > 0) say(`No answer from ${silent.join(', ')}.`)
    } catch (error) {
      say(messageOf(error))
    }
  }

  const refresh = () => load(undefined)
  more.addEventListener('click', () => void load(cursor))
  find('refresh', HTMLElement).addEventListener('click', () => void refresh())
  return { refresh }
}

interface Actions {
  client: SkeinClient
  say: (text: string) => void
  refresh: () => Promise<void>
}

function toRow({ key, size, modified, stores = [] }: ListedObject, actions: Actions): HTMLElement {
  const time = element('time', { datetime: modified }, new Date(modified).toLocaleString())
  const copies = element('ul', { class: 'copies' }, ...stores.map(toChip))
  return element(
    'tr',
    { 'data-key': key },
    element('td', { class: 'key' }, key),
    element('td', { class: 'number' }, sizeText(size)),
    element('td', {}, time),
    element('td', {}, copies),
    element(
      'td',
      { class: 'actions' },
      button('Download', `Download ${key}`, () => void download(key, actions)),
      ' ',
      button('Delete', `Delete ${key}`, () => void remove(key, actions)),
    ),
  )
}

const SIGNS = { present: '●', absent: '○', unknown: '?' }
const WORDS = { present: 'holds it', absent: 'does not hold it', unknown: 'did not answer' }

function toChip({ store, state, size, problem }: StoreCopy): HTMLElement {
  const held = size === undefined ? '' : `, ${sizeText(size)}`
  const title = `${store} ${WORDS[state]}${problem === undefined ? held : `: ${problem}`}`
  const sign = element('span', { 'aria-hidden': 'true' }, `${SIGNS[state]} `)
  const meaning = element('span', { class: 'unseen' }, ` ${WORDS[state]}`)
  return element('li', { title, 'data-store': store, 'data-state': state }, sign, store, meaning)
}

async function download(key: string, { client, say }: Actions): Promise<void> {
  try {
    const filename = key.slice(key.lastIndexOf('/') + 1) || key
    const { request } = await client.signDownload({ key, filename, disposition: 'attachment' })
    element('a', { href: request.url, rel: 'noreferrer' }).click()
  } catch (error) {
    say(messageOf(error))
  }
}

async function remove(key: string, { client, say, refresh }: Actions): Promise<void> {
  if (!confirm(`Delete ${key} from every store?`)) return
  try {
    const { stores } = await client.remove(key, 'all')
    const kept = stores.filter(({ deleted }) => !deleted).map(({ store }) => store)
    say(kept.length > 0 ? `${key} is still held by ${kept.join(', ')}.` : `${key} is deleted.`)
  } catch (error) {
    say(messageOf(error))
  }
  await refresh()
}
