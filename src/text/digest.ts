/**
 * SHA-256. Secrets are compared by it: `timingSafeEqual` needs equal lengths, and a comparison of lengths would reveal the
 * secret's.
 */
import { createHash } from "node:crypto"

export const digest = (content: string | Buffer): Buffer => createHash("sha256").update(content).digest()
