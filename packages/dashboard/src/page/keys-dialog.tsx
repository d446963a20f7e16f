import { useEffect, useRef } from 'preact/hooks'
import { usePage } from './page-model.ts'

const keys = [
  ['/', 'Filter agents'],
  ['Esc', 'Clear the filter, close what is open'],
  ['↑ ↓  or  k j', 'Previous, next agent (while one has the focus)'],
  ['Enter', 'Open the agent'],
  ['p', 'Pause and resume'],
  ['?', 'This list'],
] as const

export function KeysDialog() {
  const page = usePage()
  const dialog = useRef<HTMLDialogElement>(null)
  const shown = page.keysShown.value
  useEffect(() => {
    if (shown && !dialog.current?.open) dialog.current?.showModal()
  }, [shown])
  return (
    <dialog
      ref={dialog}
      class="keys"
      aria-labelledby="keys-title"
      onClose={() => {
        page.keysShown.value = false
      }}
    >
      <h2 id="keys-title">Keys</h2>
      <dl>
        {keys.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <p class="filter-words">
        The filter knows <code>status:error</code> and <code>swarm:name</code>; other words are looked for in
        names, ids and attributes.
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={page.singleKeys.value}
          onChange={(event) => page.setSingleKeys(event.currentTarget.checked)}
        />
        Single-letter keys work
      </label>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  )
}
