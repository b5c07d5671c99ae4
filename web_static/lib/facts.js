// Says in words what a fact means, and how much it matters.
import { html } from '../vendor/lit/index.js';
import { MAX_SHOWN, bytes, peer as shown, textOf } from './text.js';
import { span } from './time.js';

/** Classes of facts, in the order of the filter: name -> words. */
export const KINDS = {
  CredentialSeen: 'Credential',
  ShellCommandSeen: 'Shell command',
  CommandSeen: 'Command',
  HttpRequestSeen: 'HTTP request',
  FileCaptured: 'File',
  DownloadRequested: 'Download',
  DownloadFetched: 'Download fetched',
  DownloadFailed: 'Download failed',
  ForwardRequested: 'Forward',
  SessionOpened: 'Session opened',
  SessionClosed: 'Session closed',
  SshClientSeen: 'SSH client',
  TelnetClientSeen: 'Telnet client',
  ProtocolViolated: 'Protocol error',
  LimitReached: 'Limit reached',
  SessionCrashed: 'Session crashed',
  PortScanSeen: 'Port scan',
  SynSeen: 'Connection attempt',
  TlsClientSeen: 'TLS client',
  QuicClientSeen: 'QUIC client',
  FlowEnded: 'Connection ended',
  ServiceStarted: 'Service up',
  ServiceStopped: 'Service down',
  DeckyStateChanged: 'Decoy state',
  DeckyMutated: 'Decoy changed',
  OperationStarted: 'Change began',
  OperationProgressed: 'Change goes on',
  OperationEnded: 'Change ended',
  AddressChanged: 'Decoy moved',
  CredentialReused: 'Secret reused',
  BaitUsed: 'Bait used',
  AttackerObserved: 'New attacker',
  AttackerScored: 'Attacker',
  AttackerTraversed: 'Attacker moved on',
  AttackerEnriched: 'Intelligence',
  TechniqueSeen: 'Technique',
  AttackerFingerprinted: 'Looked back',
  FingerprintRotated: 'Attacker changed',
  IdentityFormed: 'New identity',
  IdentityObservationLinked: 'Identity grew',
  IdentityMerged: 'Identities merged',
  IdentityUnmerged: 'Identities apart',
  IdentityEvidenceChanged: 'Identity evidence',
  IdentityDecided: 'Operator decided',
  IdentityCampaignAssigned: 'Identity in campaign',
  CampaignFormed: 'New campaign',
  CampaignIdentityAssigned: 'Campaign grew',
  CampaignMerged: 'Campaigns merged',
  CampaignUnmerged: 'Campaigns apart',
};

/** What lists of events show by default: everything but the bytes of terminals, which the replay is made of. */
export const SHOWN_KINDS = [...Object.keys(KINDS), 'TerminalResized'].join(',');

const LEVELS = {
  ShellCommandSeen: 'medium',
  CommandSeen: 'low',
  FileCaptured: 'high',
  DownloadRequested: 'high',
  DownloadFetched: 'high',
  ForwardRequested: 'medium',
  AttackerTraversed: 'medium',
  TechniqueSeen: 'medium',
  ProtocolViolated: 'low',
  LimitReached: 'medium',
  PortScanSeen: 'medium',
  SessionCrashed: 'critical',
  CredentialReused: 'medium',
  BaitUsed: 'high',
};

/** info, low, medium, high or critical. */
export function level(event) {
  if (event.kind === 'OperationEnded' && !event.fact.succeeded) return 'medium';
  if (event.kind === 'AttackerEnriched' && event.fact.verdict === 'malicious') return 'medium';
  if (event.kind === 'CredentialSeen') return event.fact.outcome === 'accepted' ? 'high' : 'low';
  return LEVELS[event.kind] ?? 'info';
}

let limit = MAX_SHOWN; // characters of a value in the sentence that is being made
const peer = (value) => shown(value, limit);

const REASONS = {
  peer: 'the peer left',
  decoy: 'the decoy hung up',
  idle: 'nothing was said for too long',
  limit: 'a limit was reached',
  crash: 'our code failed',
  shutdown: 'the decoy was stopped',
};

const TRIGGERS = {
  creation: 'it was created',
  retirement: 'it was removed',
  scheduled: 'its interval has passed',
  operator: 'an operator wanted it',
};

const SENTENCES = {
  SessionOpened: (f) => html`connected to port ${f.local_port}`,
  SessionClosed: (f) => html`left after ${span(f.duration)}: ${REASONS[f.reason] ?? f.reason}`,
  SessionCrashed: (f) => html`our code failed: ${peer(f.error)}`,
  CredentialSeen: (f) => {
    const verb = f.outcome === 'accepted' ? 'logged in as' : 'tried';
    const secret = f.kind === 'public_key' && f.fingerprint ? peer(f.fingerprint) : peer(f.secret);
    return html`${verb} ${f.user === null ? html`<span class="muted">no user</span>` : peer(f.user)} with ${secret}
      ${f.mechanism ? html`<span class="muted">(${f.mechanism})</span>` : ''}`;
  },
  CommandSeen: (f) => html`ran ${peer([f.verb, ...f.args.slice(/^[ -~]+$/.test(f.verb) ? 0 : 1).map(textOf)].join(' '))}`,
  ShellCommandSeen: (f) => html`ran ${peer(f.line)}`,
  TerminalResized: (f) => html`asked for a terminal of ${f.columns} × ${f.rows}`,
  SshClientSeen: (f) => html`uses ${peer(f.version)}, HASSH <span class="mono">${f.hassh}</span>`,
  TelnetClientSeen: (f) => html`negotiated ${f.options.length} options${f.terminal ? html`, terminal ${peer(f.terminal)}` : ''}`,
  HttpRequestSeen: (f) => html`asked for ${peer(`${textOf(f.method)} ${textOf(f.target)}`)} → ${f.status}`,
  FileCaptured: (f) => html`brought ${peer(f.path)}, ${bytes(f.size)} <span class="muted">(${f.mechanism})</span>`,
  DownloadRequested: (f) => html`asked the decoy to fetch ${peer(f.url)}`,
  DownloadFetched: (f) => html`what it asked for is in quarantine: ${peer(f.url)}, ${bytes(f.size)}, SHA-256 <span class="mono">${f.sha256.slice(0, 16)}</span>`,
  DownloadFailed: (f) => html`what it asked for was not fetched: ${peer(f.url)}, ${f.reason}`,
  ForwardRequested: (f) => html`asked for a way to ${peer(`${f.host}:${f.port}`)}; not given`,
  ProtocolViolated: (f) => html`broke the protocol: ${peer(f.detail)}`,
  LimitReached: (f) => html`reached the limit ${f.limit} = ${f.value}`,
  PortScanSeen: (f) => html`tried ${f.targets} ports in ${span(f.duration)} <span class="muted">(${f.kind} scan)</span>`,
  SynSeen: (f) => html`knocked on port ${f.port}; its stack is ${f.os_guess || 'none we know'}${f.hops === null ? '' : html`, ${f.hops} hops away`}`,
  TlsClientSeen: (f) => html`began TLS with port ${f.port}${f.sni ? html` for ${peer(f.sni)}` : ''}, JA4 <span class="mono">${f.ja4}</span>`,
  QuicClientSeen: (f) => html`began QUIC with port ${f.port}${f.sni ? html` for ${peer(f.sni)}` : ''}, JA4 <span class="mono">${f.ja4}</span>`,
  FlowEnded: (f) => html`its connection to port ${f.port} ended after ${span(f.duration)}: ${bytes(f.bytes_in)} in, ${bytes(f.bytes_out)} out`,
  ServiceStarted: (f) => html`listens on ${f.address}:${f.port}`,
  ServiceStopped: (f) => html`no longer listens: ${peer(f.reason)}`,
  DeckyStateChanged: (f) => html`is ${f.new}, was ${f.old}`,
  TechniqueSeen: (f) => html`${f.source} was seen at ${f.name} <span class="mono">${f.technique}</span> <span class="muted">(${f.rule})</span>`,
  AddressChanged: (f) => html`is at ${f.new} now, was at ${f.old || 'no address'}: its lease changed`,
  DeckyMutated: (f) => html`serves ${f.new.join(', ') || 'nothing'}, before ${f.old.join(', ') || 'nothing'}
    <span class="muted">(${TRIGGERS[f.trigger] ?? f.trigger})</span>`,
  AttackerObserved: (f) => html`${f.address} was seen for the first time${f.decky ? html`, on ${f.decky} <span class="muted">(${f.service})</span>` : ''}`,
  AttackerFingerprinted: (f) => html`${f.address} port ${f.port} has the ${f.probe} <span class="mono">${f.value}</span>`,
  FingerprintRotated: (f) => html`${f.address} port ${f.port} has another ${f.probe} than before: <span class="mono">${f.new}</span>`,
  IdentityFormed: (f) => html`identity <span class="mono">${f.identity}</span> formed of ${f.observations.length} observations`,
  IdentityObservationLinked: (f) => html`<span class="mono">${f.observation}</span> belongs to identity <span class="mono">${f.identity}</span>`,
  IdentityMerged: (f) => html`identity <span class="mono">${f.loser}</span> is the same as <span class="mono">${f.winner}</span>`,
  IdentityUnmerged: (f) => html`identity <span class="mono">${f.identity}</span> is not the same as <span class="mono">${f.former}</span> any more`,
  IdentityEvidenceChanged: (f) => html`the evidence for identity <span class="mono">${f.identity}</span> changed`,
  IdentityDecided: (f) => html`${f.author || 'an operator'} says that ${f.sides.flat().length} observations ${f.together ? 'belong together' : 'are different'}`,
  IdentityCampaignAssigned: (f) => html`identity <span class="mono">${f.identity}</span> is of campaign <span class="mono">${f.campaign}</span>`,
  CampaignFormed: (f) => html`campaign <span class="mono">${f.campaign}</span> formed of ${f.identities.length} identities`,
  CampaignIdentityAssigned: (f) => html`campaign <span class="mono">${f.campaign}</span> has identity <span class="mono">${f.identity}</span> now`,
  CampaignMerged: (f) => html`campaign <span class="mono">${f.loser}</span> is the same as <span class="mono">${f.winner}</span>`,
  CampaignUnmerged: (f) => html`campaign <span class="mono">${f.campaign}</span> is not the same as <span class="mono">${f.former}</span> any more`,
  AttackerScored: (f) => html`${f.address} acts like ${f.behaviour.replaceAll('_', ' ')}: ${f.events} events, ${f.credentials} credentials, ${f.commands} commands`,
  AttackerTraversed: (f) => html`${f.address} went on to ${f.deckies} decoys: ${f.path.join(', ')}`,
  OperationStarted: (f) => html`${f.author} began ${f.kind} <span class="muted">(revision ${f.revision})</span>`,
  OperationProgressed: (f) => html`${f.done} of ${f.total} decoys are done`,
  CredentialReused: (f) => html`a rare secret was used again: ${f.source_count} sources at ${f.targets.slice(0, 3).join(', ')}${f.target_count > 3 ? html` and ${f.target_count - 3} more` : ''}`,
  BaitUsed: (f) => html`${f.source} tried bait of ${f.planted.join(', ')} at ${f.decky} ${f.service}`,
  OperationEnded: (f) => html`${f.kind} ${f.succeeded ? 'succeeded' : html`failed: ${peer(f.error)}`}`,
  AttackerEnriched: (f) => html`${f.address} is ${f.verdict} to ${
    f.opinions.map((one) => one.provider).join(', ')}`,
};

/** One sentence about an event, without its subject; values are cut after `most` characters. */
export function sentence(event, most = MAX_SHOWN) {
  limit = most;
  try {
    return SENTENCES[event.kind]?.(event.fact) ?? html`${KINDS[event.kind] ?? event.kind}`;
  } catch {
    return html`${peer(event.summary || event.kind)}`; // a fact of another version
  }
}
