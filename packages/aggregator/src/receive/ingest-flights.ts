import { StoreError } from '../store/store.ts'
import type { SampleRows } from './sample-rows.ts'
import type { SampleState } from './sample-state.ts'

/** A request whose samples are taken and not yet durable. */
export interface Flight {
  /** The sample state before each change of this request, in order. */
  readonly undo: SampleRows
  isUndone: boolean
}

/**
 * What is on its way to the store, in order. Requests overlap, and each counts on the running totals that the one
 * before it left. So when one is refused, those behind it are undone with it, newest first; the store refuses
 * them as well (see Store.appendSamples) and their senders try again.
 */
export interface IngestFlights {
  begin(undo: SampleRows): Flight
  /** To be called when a flight is handed to the store: that order counts. Throws when the flight was undone. */
  depart(flight: Flight): void
  land(flight: Flight): void
  /** Undoes a refused flight and all behind it, if that has not happened. */
  refuse(flight: Flight): void
  /** Undoes a flight that never departed, alone: nobody else has touched its series. */
  cancel(flight: Flight): void
}

export function createIngestFlights(state: SampleState): IngestFlights {
  const flights: Flight[] = []

  function remove(flight: Flight) {
    const place = flights.indexOf(flight)
    if (place !== -1) flights.splice(place, 1)
  }

  function undo(flight: Flight) {
    flight.isUndone = true
    const { count, seriesIds, timesMs, values } = flight.undo
    for (let i = count - 1; i >= 0; i--) state.restore(seriesIds[i]!, timesMs[i]!, values[i]!)
  }

  return {
    begin(rows) {
      const flight: Flight = { undo: rows, isUndone: false }
      flights.push(flight)
      return flight
    },
    depart(flight) {
      if (flight.isUndone) {
        throw new StoreError(
          'overloaded',
          'a request before this one could not be stored; try again a little later',
        )
      }
      if (flights.at(-1) === flight) return
      remove(flight)
      flights.push(flight)
    },
    land: remove,
    refuse(flight) {
      if (flight.isUndone) return
      for (const behind of flights.splice(flights.indexOf(flight)).reverse()) undo(behind)
    },
    cancel(flight) {
      if (flight.isUndone) return
      remove(flight)
      undo(flight)
    },
  }
}
