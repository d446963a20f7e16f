import { formatClock, formatMoment } from '../words/format-time.ts'
import type { ConnectionView } from './connection-view.ts'
import { type ThemeChoice, themeChoices, usePage } from './page-model.ts'

export function Header() {
  const page = usePage()
  page.version.value
  const paused = page.paused.value
  const { nowMs, serverVersion } = page.state
  return (
    <header class="top">
      <h1 class="brand">
        <Logo />
        Perfmon
      </h1>
      {serverVersion !== '' && <span class="version">{serverVersion}</span>}
      <ConnectionState view={page.connection.value} />
      <span class="spacer" />
      {nowMs > 0 && (
        <time class="last-update" dateTime={new Date(nowMs).toISOString()} title={formatMoment(nowMs)}>
          <span class="wide-only">{paused ? 'Held at ' : 'Updated '}</span>
          {formatClock(nowMs)}
        </time>
      )}
      <button type="button" class="button" aria-pressed={paused} onClick={page.togglePause}>
        <PauseIcon paused={paused} />
        <span>{paused ? 'Resume' : 'Pause'}</span>
        {paused && <span class="held">{page.heldCount.value.toLocaleString('en')} held</span>}
      </button>
      <ThemeSwitch />
      <button
        type="button"
        class="button icon-button wide-only"
        aria-label="Keys"
        title="Keys (?)"
        onClick={() => {
          page.keysShown.value = true
        }}
      >
        ?
      </button>
    </header>
  )
}

function ConnectionState({ view }: { view: ConnectionView }) {
  const { kind, words } = connectionWords(view)
  return (
    <span class={`connection connection-${kind}`} role="status">
      <span class="connection-dot" />
      {words}
    </span>
  )
}

function connectionWords(view: ConnectionView): { kind: string; words: string } {
  switch (view.kind) {
    case 'live':
      return { kind: 'live', words: 'Live' }
    case 'loading':
      return { kind: 'trying', words: 'Connecting' }
    case 'late':
      return { kind: 'stale', words: 'Stale' }
    case 'outdated':
      return { kind: 'stale', words: 'Outdated' }
    case 'unreachable':
      return { kind: 'stale', words: 'No connection' }
    case 'lost':
      return { kind: 'trying', words: 'Reconnecting' }
  }
}

function ThemeSwitch() {
  const page = usePage()
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">Colours</legend>
      {themeChoices.map((choice) => (
        <label key={choice} title={themeWords[choice]}>
          <input
            type="radio"
            name="theme"
            value={choice}
            checked={page.theme.value === choice}
            onChange={() => page.chooseTheme(choice)}
          />
          <ThemeIcon choice={choice} />
          <span class="visually-hidden">{themeWords[choice]}</span>
        </label>
      ))}
    </fieldset>
  )
}

const themeWords: Record<ThemeChoice, string> = {
  auto: 'Colours of the system',
  light: 'Light colours',
  dark: 'Dark colours',
}

const themePaths: Record<ThemeChoice, string> = {
  auto: 'M2.5 3.5h11v7h-11zM6 13.5h4',
  light:
    'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  dark: 'M13 9.6A5.4 5.4 0 0 1 6.4 3 5.4 5.4 0 1 0 13 9.6Z',
}

function ThemeIcon({ choice }: { choice: ThemeChoice }) {
  return (
    <svg class="line-icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={themePaths[choice]} />
    </svg>
  )
}

function PauseIcon({ paused }: { paused: boolean }) {
  return (
    <svg class="solid-icon" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={paused ? 'M3 1.5v9l7.5-4.5Z' : 'M2.5 1.5h2.5v9H2.5zM7 1.5h2.5v9H7z'} />
    </svg>
  )
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d="M1.5 11.5h3.7l2.6-6.6 3.6 10.2 2.4-5.6h4.7" />
    </svg>
  )
}
