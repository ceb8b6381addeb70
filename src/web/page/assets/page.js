// What the page cannot do without a script. Everything else works without one.
const stale = document.getElementById("stale")
let failures = 0

// A page that is not updated looks as if nothing waited.
document.addEventListener("htmx:finally:request", ({ detail }) => {
  const isFresh = detail.ctx.response?.status < 400
  failures = isFresh ? 0 : failures + 1
  stale.hidden = failures < 2
})

// The end of a conversation stays in view, unless the person has scrolled up.
let isAtEnd = false
const page = document.documentElement
document.addEventListener("htmx:before:swap", () => {
  isAtEnd = document.querySelector("[data-follow]") !== null && page.scrollHeight - innerHeight - scrollY < 80
})
document.addEventListener("htmx:after:swap", () => {
  if (isAtEnd) scrollTo({ top: page.scrollHeight })
})

// A second press of a button would be a second decision.
const setDisabled = (form, isDisabled) => {
  for (const button of form.querySelectorAll("button")) button.disabled = isDisabled
}
document.addEventListener("submit", ({ target }) => {
  const card = target.closest("article") ?? target
  // The pressed button is part of what is sent.
  setTimeout(() => setDisabled(card, true))
})
addEventListener("pageshow", () => setDisabled(document, false))
