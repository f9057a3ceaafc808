package io.hubspoke.cluster;

import com.hazelcast.instance.EndpointQualifier;
import com.hazelcast.instance.impl.DefaultNodeContext;
import com.hazelcast.instance.impl.DefaultNodeExtension;
import com.hazelcast.instance.impl.Node;
import com.hazelcast.instance.impl.NodeExtension;
import com.hazelcast.internal.networking.ChannelInitializer;
import com.hazelcast.internal.server.ServerContext;
import java.util.function.Function;

/**
 * Puts TLS under the connections of a member. Hazelcast has the place for it, but what would fill
 * it is not in the open-source edition.
 */
public final class PeerContext extends DefaultNodeContext {
  private final PeerTlsContext tls;

  /**
   * Makes members that connect so.
   *
   * @param tls null for connections without
   */
  public PeerContext(PeerTlsContext tls) {
    this.tls = tls;
  }

  @Override
  public NodeExtension createNodeExtension(Node node) {
    return tls == null ? super.createNodeExtension(node) : new Extension(node, tls);
  }

  private static final class Extension extends DefaultNodeExtension {
    private final PeerTlsContext tls;

    Extension(Node node, PeerTlsContext tls) {
      super(node);
      this.tls = tls;
    }

    @Override
    public Function<EndpointQualifier, ChannelInitializer> createChannelInitializerFn(
        ServerContext context) {
      var plain = super.createChannelInitializerFn(context);
      return qualifier -> {
        ChannelInitializer member = plain.apply(qualifier);
        return channel -> {
          PeerTls tlsOfChannel = new PeerTls(tls.engine(channel.isClientMode()));
          channel.inboundPipeline().addLast(tlsOfChannel.decoder());
          member.initChannel(channel);
          channel.outboundPipeline().addLast(tlsOfChannel.encoder());
        };
      };
    }
  }
}
