import type { Event } from '@perfmon/protocol'

export type AlertEvent = Extract<Event, { alert: unknown }>

/** Alerts are for people; everything else in the list is for screens and reports. */
export function isForPeople(event: Event): event is AlertEvent {
  return event.type === 'alert-active' || event.type === 'alert-severity' || event.type === 'alert-resolved'
}
