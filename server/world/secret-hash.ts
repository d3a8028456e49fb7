import { hash } from 'node:crypto'

/**
 * What is kept of a secret: the base64 SHA-256 of its whole text, by which it is also found. A fast hash is right for 256
 * random bits (ASVS 5.0, 6.5.2): there is nothing to guess, and it runs on every request.
 */
export const secretHash = (text: string): string => hash('sha256', text, 'base64')
