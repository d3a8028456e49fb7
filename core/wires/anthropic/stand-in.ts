import type { JsonObject } from '../../json.ts'

/** Stands for content of which nothing could be written: an empty message is a 400, and without it those around it would move together. */
export const LEFT_OUT: JsonObject = { type: 'text', text: '(left out: not readable here)' }

/** Stands for a user's message that was empty from the start, which other wires take. */
export const EMPTY: JsonObject = { type: 'text', text: '(empty)' }
