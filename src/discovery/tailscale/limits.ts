/** Limits on reading from Tailscale. */

export const statusTimeout = "3 seconds"

/** A peer takes about 2 KB, so the largest tailnets fit. */
export const maxBytes = 16 * 1024 * 1024

export const tooLarge = "sent more than 16 MiB"
