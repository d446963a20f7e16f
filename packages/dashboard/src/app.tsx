import { AgentsPanel } from './agents/agents-panel.tsx'
import { AlertsPanel } from './alerts/alerts-panel.tsx'
import { AgentDrawer } from './drawer/agent-drawer.tsx'
import { HealthStrip } from './health/health-strip.tsx'
import { ConnectionBanner } from './page/connection-banner.tsx'
import { isStale } from './page/connection-view.ts'
import { Header } from './page/header.tsx'
import { KeysDialog } from './page/keys-dialog.tsx'
import { NoAgents } from './page/no-agents.tsx'
import { usePage } from './page/page-model.ts'
import { Skeleton } from './page/skeleton.tsx'
import { useSingleKeys } from './page/use-single-keys.ts'
import { useWindowTitle } from './page/use-window-title.ts'

export function App() {
  const page = usePage()
  useSingleKeys(page)
  useWindowTitle(page)
  page.version.value
  const { ready, agents } = page.state
  const stale = isStale(page.connection.value)
  return (
    <>
      <button
        type="button"
        class="button skip-link"
        onClick={() => document.getElementById('agents')?.focus()}
      >
        Skip to agents
      </button>
      <Header />
      <ConnectionBanner />
      <main class={stale ? 'stale' : undefined}>
        {!ready && <Skeleton />}
        {ready && agents.size === 0 && <NoAgents />}
        {ready && agents.size > 0 && (
          <>
            <HealthStrip />
            <AlertsPanel />
            <AgentsPanel />
          </>
        )}
      </main>
      <AgentDrawer />
      <KeysDialog />
    </>
  )
}
