/** A span of time in one or two units: `now`, `4 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. Never negative. */
export function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** How long ago: `now` within two seconds, because clocks and the wire differ by that much. */
export function formatAgo(spanMs: number): string {
  return spanMs < 2000 ? 'now' : `${formatSpan(spanMs)} ago`
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const shortClock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const dateAndClock = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
})

/** `14:02:11`, in the reader's time zone. */
export function formatClock(timeMs: number): string {
  return clock.format(timeMs)
}

/** `14:02`, in the reader's time zone. */
export function formatShortClock(timeMs: number): string {
  return shortClock.format(timeMs)
}

/** `20 Nov 2026, 14:02:11 UTC`: for titles, where nothing may be left to guess. */
export function formatMoment(timeMs: number): string {
  return dateAndClock.format(timeMs)
}
