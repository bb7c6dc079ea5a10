// Whether a URL may be asked on somebody's word: https, and a host that is neither an address nor a name that
// only resolves inside of a private network. What a public name resolves to is the runtime's to know.

const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|arpa)$/i

export function isPublicAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (protocol !== 'https:' || username !== '' || password !== '') return false
  // An address in whatever notation reads as four numbers by now; IPv6 stands in brackets.
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname)) return false
  const name = hostname.replace(/\.$/, '')
  return name.includes('.') && !PRIVATE_NAMES.test(name)
}
