package io.hubspoke.tunnel.ssh;

import java.time.Duration;
import java.util.List;
import org.apache.sshd.client.ClientBuilder;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.compression.BuiltinCompressions;
import org.apache.sshd.common.forward.DefaultForwarderFactory;
import org.apache.sshd.common.helpers.AbstractFactoryManager;
import org.apache.sshd.common.kex.BuiltinDHFactories;
import org.apache.sshd.common.mac.BuiltinMacs;
import org.apache.sshd.common.random.JceRandomFactory;
import org.apache.sshd.common.random.SingletonRandomFactory;
import org.apache.sshd.common.session.helpers.DefaultUnknownChannelReferenceHandler;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.ServerBuilder;
import org.apache.sshd.server.SshServer;

/**
 * What both ends speak and nothing else: elliptic curves, authenticated encryption, SHA-2. AES-GCM
 * is first, since the JDK has it in the processor's instructions.
 */
public final class Algorithms {
  /** Bytes that a channel's sender may be ahead of its reader; what a stopped reader can cost. */
  public static final long WINDOW = 1 << 20;

  private static final long PACKET = 1 << 16;

  private static final List<BuiltinDHFactories> KEY_EXCHANGES =
      List.of(
          BuiltinDHFactories.curve25519,
          BuiltinDHFactories.curve25519_libssh,
          BuiltinDHFactories.ecdhp256,
          BuiltinDHFactories.ecdhp384,
          BuiltinDHFactories.ecdhp521);

  static {
    JdkSecurity.use();
  }

  private Algorithms() {}

  /** Makes a client that offers these. */
  public static SshClient client() {
    SshClient client = new SshClient();
    client.setKeyExchangeFactories(
        NamedFactory.setUpTransformedFactories(true, KEY_EXCHANGES, ClientBuilder.DH2KEX));
    client.setKexExtensionHandler(ClientBuilder.DEFAULT_KEX_EXTENSION_HANDLER);
    KeyExchangeLimit.connect(client);
    common(client);
    return client;
  }

  /** Lets a server take these. */
  public static void serve(SshServer server) {
    server.setKeyExchangeFactories(
        NamedFactory.setUpTransformedFactories(true, KEY_EXCHANGES, ServerBuilder.DH2KEX));
    server.setKexExtensionHandler(ServerBuilder.DEFAULT_KEX_EXTENSION_HANDLER);
    KeyExchangeLimit.serve(server);
    common(server);
  }

  private static void common(AbstractFactoryManager end) {
    end.setRandomFactory(new SingletonRandomFactory(JceRandomFactory.INSTANCE));
    end.setForwarderFactory(DefaultForwarderFactory.INSTANCE);
    end.setUnknownChannelReferenceHandler(DefaultUnknownChannelReferenceHandler.INSTANCE);
    end.setCipherFactories(
        List.of(
            BuiltinCiphers.aes128gcm, BuiltinCiphers.aes256gcm, BuiltinCiphers.cc20p1305_openssh));
    end.setMacFactories(List.of(BuiltinMacs.hmacsha256etm, BuiltinMacs.hmacsha512etm));
    end.setCompressionFactories(List.of(BuiltinCompressions.none));
    end.setSignatureFactories(
        List.of(
            BuiltinSignatures.ed25519,
            BuiltinSignatures.nistp256,
            BuiltinSignatures.nistp384,
            BuiltinSignatures.nistp521,
            BuiltinSignatures.rsaSHA512,
            BuiltinSignatures.rsaSHA256));
    CoreModuleProperties.WINDOW_SIZE.set(end, WINDOW);
    CoreModuleProperties.MAX_PACKET_SIZE.set(end, PACKET);
    CoreModuleProperties.TCP_NODELAY.set(end, true);
    // What has gone is found by keep-alives; silence alone ends nothing.
    CoreModuleProperties.IDLE_TIMEOUT.set(end, Duration.ZERO);
    CoreModuleProperties.NIO2_READ_TIMEOUT.set(end, Duration.ZERO);
  }
}
