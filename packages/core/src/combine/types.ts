import type { Failure } from '../deferred/failure.ts'
import type { Settled } from '../deferred/types.ts'

/** One member of a set has fired. */
export type Firing<T> =
  | { readonly index: number; readonly success: true; readonly value: T }
  | { readonly index: number; readonly success: false; readonly failure: Failure }

/** A member's value, and which member it was. */
export interface Indexed<T> {
  readonly index: number
  readonly value: T
}

/** What became of one member. */
export type Outcome<T> =
  | { readonly success: true; readonly value: T }
  | { readonly success: false; readonly failure: Failure }

/**
 * What combinators take: any iterable of values, deferreds, promises, thenables, jQuery deferreds. Tuples stay tuples. Not a
 * deferred, which is iterable only for `yield*`.
 */
export type Items = (Iterable<unknown> & { readonly then?: never }) | readonly []

/** The values of all members, in order. */
export type Values<T> = T extends readonly unknown[]
  ? { -readonly [K in keyof T]: Settled<T[K]> }
  : T extends Iterable<infer V>
    ? Settled<V>[]
    : never

/** The outcomes of all members, in order. */
export type Outcomes<T> = T extends readonly unknown[]
  ? { -readonly [K in keyof T]: Outcome<Settled<T[K]>> }
  : T extends Iterable<infer V>
    ? Outcome<Settled<V>>[]
    : never

/** The values of all members, in order, with failures in the places of those that failed. */
export type Results<T> = T extends readonly unknown[]
  ? { -readonly [K in keyof T]: Settled<T[K]> | Failure }
  : T extends Iterable<infer V>
    ? (Settled<V> | Failure)[]
    : never

/** The value of any one member. */
export type ValueOf<T> = T extends Iterable<infer V> ? (V extends unknown ? Settled<V> : never) : never
