/**
 * What the adapters that send are tested against: real servers that run on loopback, and fakes of those that do not, written
 * from what the providers publish and from no adapter. README.md beside this file says which is which and how each is used.
 */

export { type AnthropicServer, anthropicAnswers, startAnthropic } from './anthropic.ts';
export { type BlueskyAccount, type BlueskyServer, startBluesky } from './bluesky.ts';
export { type BlueskyFake, blueskyAnswers, startBlueskyFake } from './bluesky-fake.ts';
export { type DiscordMessage, type DiscordServer, discordAnswers, startDiscord } from './discord.ts';
export { startFakellm } from './fakellm.ts';
export { type GreenMail, startGreenMail } from './greenmail.ts';
export { INSTALL_LIMIT_MS } from './install.ts';
export { type LinkedInPost, type LinkedInServer, linkedInAnswers, startLinkedIn } from './linkedin.ts';
export { type Mailpit, type MailpitChaos, startMailpit } from './mailpit.ts';
export { type MastodonServer, startMastodon } from './mastodon.ts';
export { type MatrixServer, startMatrix } from './matrix.ts';
export type { How, Misbehaviour } from './misbehaviour.ts';
export { type OAuth1Credentials, signOAuth1 } from './oauth1.ts';
export { type Generation, type OpenAiServer, openAiAnswers, startOpenAi } from './openai.ts';
export { type ProxyOptions, startLosingProxy } from './proxy.ts';
export { type Answer, headerOf, type ProviderServer, type SeenRequest, serve } from './server.ts';
export { type SlackMessage, type SlackServer, slackAnswers, startSlack } from './slack.ts';
export { type SmallModel, startSmallModel } from './small-model.ts';
export { type SeenMail, type SmtpMisbehaviour, type SmtpServer, type SmtpStage, startSmtpServer } from './smtp.ts';
export { type SmtpCut, type SmtpProxy, startSmtpProxy } from './smtp-proxy.ts';
export { startX, type XPost, type XServer, xAnswers } from './x.ts';
