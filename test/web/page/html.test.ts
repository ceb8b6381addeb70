/** The template tag: values are text, never markup. */
import { assert, describe, it } from "@effect/vitest"
import { html } from "../../../src/web/page/html.ts"

describe("html", () => {
  it("escapes a value in a text and in an attribute", () => {
    const hostile = `<img src=x onerror=alert(1)> & "'`
    assert.strictEqual(
      html`<p title="${hostile}">${hostile}</p>`.toString(),
      `<p title="&lt;img src=x onerror=alert(1)&gt; &amp; &quot;&#39;">&lt;img src=x onerror=alert(1)&gt; &amp; &quot;&#39;</p>`,
    )
  })

  it("removes characters that hide or turn text", () => {
    assert.strictEqual(html`${"a\u202Eb\u200Bc\u0000d"}`.toString(), "abcd")
  })

  it("inserts markup, lists and numbers, and nothing for what is not there", () => {
    const items = [1, 2].map((n) => html`<li>${n}</li>`)
    assert.strictEqual(html`<p>${items}${undefined}${false}</p>`.toString(), "<p><li>1</li><li>2</li></p>")
  })
})
