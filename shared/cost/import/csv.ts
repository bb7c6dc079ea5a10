// A line of comma-separated values: fields in quotes may hold commas, and quotes that are doubled. Inventories
// and usage logs have no line breaks in a field, since keys are written encoded.

export function csvFields(line: string): string[] {
  const fields: string[] = []
  let at = 0
  for (;;) {
    const [field, end] = line[at] === '"' ? quoted(line, at + 1) : plain(line, at)
    fields.push(field)
    if (line[end] !== ',') return fields
    at = end + 1
  }
}

function plain(line: string, from: number): [field: string, end: number] {
  const comma = line.indexOf(',', from)
  const end = comma < 0 ? line.length : comma
  return [line.slice(from, end), end]
}

function quoted(line: string, from: number): [field: string, end: number] {
  let field = ''
  let at = from
  for (;;) {
    const quote = line.indexOf('"', at)
    if (quote < 0) return [field + line.slice(at), line.length]
    field += line.slice(at, quote)
    if (line[quote + 1] !== '"') return [field, quote + 1]
    field += '"'
    at = quote + 2
  }
}
