// The server of most tutorials: Express, its JSON parser, and one route that fetches a client secret.
import express from 'express'
import { fixedBody } from './fixed-mint.ts'

const { PORT, OPENAI_API_KEY, OPENAI_BASE_URL } = process.env

const app = express()
app.use(express.json())

app.post('/session', async (_request, response) => {
  try {
    const reply = await fetch(`${OPENAI_BASE_URL}/realtime/client_secrets`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${OPENAI_API_KEY}`, 'Content-Type': 'application/json' },
      body: fixedBody,
    })
    response.json(await reply.json())
  } catch (error) {
    console.error(error)
    response.status(500).json({ error: 'Could not create a session' })
  }
})

app.listen(Number(PORT), '127.0.0.1')
