import { describeStore } from '#test/store/conformance/suite.ts'
import { describeTokens } from '#test/store/conformance/tokens.ts'
import { describeUsers } from '#test/store/conformance/users.ts'
import { openSqliteSubject } from '#test/support/sqlite-subject.ts'

describeStore('SQLite', () => openSqliteSubject())
describeUsers('SQLite', () => openSqliteSubject({ names: [] }))
describeTokens('SQLite', () => openSqliteSubject())
