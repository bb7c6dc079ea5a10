// Files on their way: one after the other, each with its progress and a way to stop it. A file that a reload
// interrupted goes on where it was when it is dropped again.

import type { SkeinClient } from '#shared/client/client.ts'
import { button, element, find, messageOf, sizeText } from './element.ts'

export interface UploadsOptions {
  client: SkeinClient
  say: (text: string) => void
  /** A file has arrived. */
  arrived: () => void
}

/** Takes files from the field, and from whatever is dropped on the page. */
export function watchFiles(options: UploadsOptions): void {
  let last: Promise<void> = Promise.resolve()
  const take = (files: Iterable<File>) => {
    for (const file of files) {
      const row = addRow(file)
      last = last.then(() => uploadFile(file, row, options))
    }
  }
  const field = find('file', HTMLInputElement)
  field.addEventListener('change', () => {
    take(field.files ?? [])
    field.value = ''
  })
  watchDrops(take)
}

function watchDrops(take: (files: Iterable<File>) => void): void {
  const over = (is: boolean) => find('drop', HTMLElement).classList.toggle('over', is)
  addEventListener('dragover', (event) => {
    event.preventDefault()
    over(true)
  })
  addEventListener('dragleave', () => over(false))
  addEventListener('drop', (event) => {
    event.preventDefault()
    over(false)
    take(event.dataTransfer?.files ?? [])
  })
}

interface Row {
  show: (sentBytes: number) => void
  end: (state: 'done' | 'failed', text: string) => void
  signal: AbortSignal
}

function addRow({ name, size }: File): Row {
  const stop = new AbortController()
  const said = element('span', { class: 'said' }, 'waiting')
  const bar = element('progress', { max: '1', value: '0', 'aria-label': `Upload of ${name}` })
  const cancel = button('Stop', `Stop the upload of ${name}`, () => stop.abort())
  const row = element('li', { 'data-key': name, 'data-state': 'sending' })
  row.append(element('span', { class: 'name' }, name), said, cancel, bar)
  find('uploads', HTMLElement).prepend(row)
  return {
    signal: stop.signal,
    show(sentBytes) {
      bar.value = size === 0 ? 1 : sentBytes / size
      said.textContent = `${Math.floor(bar.value * 100)} % of ${sizeText(size)}`
    },
    end(state, text) {
      row.dataset['state'] = state
      row.classList.toggle('failed', state === 'failed')
      said.textContent = text
      cancel.remove()
      if (state === 'done') bar.value = 1
      else bar.remove()
    },
  }
}

async function uploadFile(
  file: File,
  row: Row,
  { client, say, arrived }: UploadsOptions,
): Promise<void> {
  if (row.signal.aborted) return row.end('failed', 'stopped')
  try {
    row.show(0)
    await client.upload(file.name, file, {
      resume: true,
      signal: row.signal,
      onProgress: ({ sentBytes }) => row.show(sentBytes),
    })
    row.end('done', `${sizeText(file.size)}, verified`)
    say(`${file.name} has arrived.`)
    arrived()
  } catch (error) {
    row.end('failed', row.signal.aborted ? 'stopped' : messageOf(error))
    say(`${file.name} has not arrived.`)
  }
}
