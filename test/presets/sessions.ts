/** Sessions with every field in them, typed by OpenAI's own SDK. */

import type { SessionCreateParams } from 'openai/resources/beta/realtime/sessions'
import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
  RealtimeTranslationSessionCreateRequest,
} from 'openai/resources/realtime/realtime'

export const fullRealtime = {
  type: 'realtime',
  model: 'gpt-realtime-2.1',
  instructions: 'Be kind.',
  output_modalities: ['audio'],
  audio: {
    input: {
      format: { type: 'audio/pcm', rate: 24000 },
      transcription: {
        model: 'gpt-live-transcribe',
        language: 'en',
        languages: ['en', 'de'],
        keywords: ['mint'],
        prompt: 'expect herbs',
        delay: 'low',
      },
      noise_reduction: { type: 'near_field', strength: 0.5 },
      turn_detection: {
        type: 'server_vad',
        threshold: 0.4,
        prefix_padding_ms: 200,
        silence_duration_ms: 400,
        create_response: true,
        interrupt_response: false,
        idle_timeout_ms: 6000,
      },
    },
    output: { format: { type: 'audio/pcmu' }, voice: 'marin', speed: 1.1 },
  },
  include: ['item.input_audio_transcription.logprobs'],
  tools: [
    {
      type: 'function',
      name: 'look_up',
      description: 'Looks up',
      parameters: { type: 'object', properties: {} },
    },
    {
      type: 'mcp',
      server_label: 'shop',
      server_url: 'https://mcp.example.com',
      server_description: 'The shop',
      allowed_tools: { read_only: true, tool_names: ['find'] },
      require_approval: { always: { tool_names: ['buy'] }, never: { read_only: true } },
      defer_loading: false,
      allowed_callers: ['direct', 'programmatic'],
    },
  ],
  tool_choice: { type: 'function', name: 'look_up' },
  parallel_tool_calls: true,
  reasoning: { effort: 'low' },
  max_output_tokens: 4096,
  truncation: { type: 'retention_ratio', retention_ratio: 0.8, token_limits: { post_instructions: 8000 } },
  tracing: { workflow_name: 'w', group_id: 'g', metadata: { any: [1, 'thing'] } },
  prompt: { id: 'pmpt_1', version: '2', variables: { city: 'Bristol' } },
} satisfies RealtimeSessionCreateRequest

export const fullTranscription = {
  type: 'transcription',
  audio: {
    input: {
      format: { type: 'audio/pcma' },
      transcription: { model: 'gpt-transcribe', languages: ['en'] },
      noise_reduction: { type: 'far_field' },
      turn_detection: {
        type: 'semantic_vad',
        eagerness: 'high',
        create_response: false,
        interrupt_response: true,
      },
    },
  },
  include: ['item.input_audio_transcription.logprobs'],
} satisfies RealtimeTranscriptionSessionCreateRequest

export const fullTranslation = {
  type: 'translation',
  model: 'gpt-realtime-translate',
  audio: {
    input: {
      transcription: { model: 'gpt-live-transcribe' },
      noise_reduction: { type: 'near_field', strength: 1 },
    },
    output: { language: 'es' },
  },
} satisfies RealtimeTranslationSessionCreateRequest & { type: 'translation' }

export const fullFlat = {
  model: 'gpt-4o-realtime-preview',
  modalities: ['audio', 'text'],
  instructions: 'Be kind.',
  voice: 'ash',
  input_audio_format: 'pcm16',
  output_audio_format: 'g711_ulaw',
  input_audio_transcription: { model: 'gpt-live-transcribe', language: 'en', prompt: 'expect herbs' },
  turn_detection: {
    type: 'server_vad',
    threshold: 0.4,
    prefix_padding_ms: 200,
    silence_duration_ms: 400,
    create_response: true,
    interrupt_response: false,
  },
  input_audio_noise_reduction: { type: 'near_field' },
  tools: [{ type: 'function', name: 'look_up', description: 'Looks up', parameters: { type: 'object' } }],
  tool_choice: 'look_up',
  temperature: 0.8,
  max_response_output_tokens: 2048,
  speed: 1.1,
  tracing: { workflow_name: 'w', group_id: 'g', metadata: { any: 1 } },
  client_secret: { expires_after: { anchor: 'created_at', seconds: 120 } },
} satisfies SessionCreateParams

/** A session as an operator may write it. */
export const plainRealtime = {
  type: 'realtime',
  model: 'gpt-realtime-2.1',
  instructions: 'Be kind.',
  output_modalities: ['audio'],
  audio: {
    input: {
      format: { type: 'audio/pcm', rate: 24_000 },
      transcription: null,
      turn_detection: { type: 'server_vad', threshold: 0.5, create_response: false },
    },
    output: { voice: 'marin' },
  },
  tools: [{ type: 'function', name: 'look_up', parameters: { type: 'object', properties: {} } }],
  tool_choice: 'auto',
  tracing: { workflow_name: 'w', metadata: { a: 1, b: 2 } },
}
