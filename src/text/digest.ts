/** SHA-256, for comparing secrets: `timingSafeEqual` needs equal lengths, and a comparison of lengths would reveal the secret's. */
import { createHash } from "node:crypto"

export const digest = (secret: string | Buffer): Buffer => createHash("sha256").update(secret).digest()
