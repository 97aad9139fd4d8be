/** One token of a label selector. `text` is the word itself for a word and the symbol for a symbol. */
export interface Token {
  readonly kind: 'word' | 'end' | ',' | '(' | ')' | '!' | '=' | '==' | '!=' | '<' | '>'
  readonly text: string
}

// Whitespace separates; the longest symbol wins; anything else is part of a word.
const PATTERN = /[ \t\r\n]+|(?<symbol>==|!=|[=!(),<>])|(?<word>[^ \t\r\n=!(),<>]+)/g

/** Splits a label selector into words and symbols. Never fails: whatever is not a symbol is a word. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  for (const { groups } of text.matchAll(PATTERN)) {
    const { symbol, word } = groups ?? {}
    if (isSymbol(symbol)) tokens.push({ kind: symbol, text: symbol })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word })
  }
  return tokens
}

type SymbolKind = Exclude<Token['kind'], 'word' | 'end'>

function isSymbol(text: string | undefined): text is SymbolKind {
  return text !== undefined
}
