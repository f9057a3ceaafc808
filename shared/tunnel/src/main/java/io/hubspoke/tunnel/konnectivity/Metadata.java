package io.hubspoke.tunnel.konnectivity;

/** Keys of the metadata with which agents and servers open their stream. */
public final class Metadata {
  /** From an agent: who it is. */
  public static final String AGENT_ID = "agentID";

  /** From an agent: what it can reach, as a URL query of types and values. */
  public static final String AGENT_IDENTIFIERS = "agentIdentifiers";

  /** From a server: which one it is. */
  public static final String SERVER_ID = "serverID";

  /** From a server: how many there are. */
  public static final String SERVER_COUNT = "serverCount";

  /** From an agent: {@code Bearer} and a service account's token. */
  public static final String AUTHORIZATION = "Authorization";

  /** Audience of the tokens that agents show. */
  public static final String AUDIENCE = "system:konnectivity-server";

  /**
   * From both, when they hold back each connection by itself: how many bytes of a connection may be
   * under way before the first {@link Packet.Credit}. Only if both say it is it so.
   */
  public static final String FLOW_CONTROL = "x-hubspoke-flow-control";

  private Metadata() {}
}
