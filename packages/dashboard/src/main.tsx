import { effect } from '@preact/signals'
import { render } from 'preact'
import { App } from './app.tsx'
import { followLive } from './live/follow-live.ts'
import { openBrowserSocket } from './live/open-browser-socket.ts'
import { createPageModel, PageContext } from './page/page-model.ts'

const page = createPageModel({
  nowMs: Date.now,
  everySecond: (call) => void setInterval(call, 1000),
  location: {
    hash: () => location.hash,
    replace: (hash) => history.replaceState(null, '', hash || location.pathname + location.search),
    push: (hash) => history.pushState(null, '', hash || location.pathname + location.search),
    onChange(call) {
      addEventListener('hashchange', call)
      addEventListener('popstate', call)
    },
  },
  live: () => live,
})

const live = followLive({
  openSocket: openBrowserSocket,
  nowMs: Date.now,
  random: Math.random,
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs)
    return () => clearTimeout(timer)
  },
  onMessage: page.receive,
  onLink: page.setLink,
})

// The machine woke up or the network is back: the wait until the next try has lost its reason.
addEventListener('online', () => page.connection.value.kind !== 'live' && live.reconnect())

effect(() => {
  const { documentElement } = document
  if (page.theme.value === 'auto') documentElement.removeAttribute('data-theme')
  else documentElement.dataset['theme'] = page.theme.value
})

const root = document.getElementById('page')
if (root) {
  render(
    <PageContext.Provider value={page}>
      <App />
    </PageContext.Provider>,
    root,
  )
}
