package io.hubspoke.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.impl.MemberImpl;
import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.MemberLeftException;
import com.hazelcast.internal.cluster.impl.ConfigMismatchException;
import com.hazelcast.internal.partition.PartitionStateVersionMismatchException;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import com.hazelcast.map.ReachedMaxSizeException;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import com.hazelcast.partition.NoDataMemberInClusterException;
import com.hazelcast.query.QueryException;
import com.hazelcast.spi.exception.RetryableHazelcastException;
import com.hazelcast.spi.exception.TargetNotMemberException;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionException;
import com.hazelcast.topic.TopicOverloadException;
import com.hazelcast.version.MemberVersion;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.BitSet;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a member reads of what another one has written by Java's own serialization. */
class MemberPortTest {
  private static final InternalSerializationService ANOTHER =
      new DefaultSerializationServiceBuilder().build();
  private static final InternalSerializationService MEMBER = member();

  private static InternalSerializationService member() {
    var config = new Config();
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 5701);
    MemberPort.open(config, address, address);
    return new DefaultSerializationServiceBuilder()
        .setConfig(config.getSerializationConfig())
        .build();
  }

  @AfterAll
  static void dispose() {
    ANOTHER.dispose();
    MEMBER.dispose();
  }

  static Stream<Throwable> errors() throws IOException {
    return Stream.of(
        new HazelcastInstanceNotActiveException("it stops"),
        new MemberLeftException(
            new MemberImpl.Builder(new Address("127.0.0.1", 5701))
                .version(MemberVersion.of("5.7.0"))
                .uuid(new UUID(1, 2))
                .build()),
        new ConfigMismatchException("another cluster"),
        new PartitionStateVersionMismatchException(1, 2),
        new ReachedMaxSizeException("full"),
        new HazelcastSerializationException("not understood"),
        new NoDataMemberInClusterException("alone"),
        new RetryableHazelcastException("later", new IOException("broken")),
        new TargetNotMemberException(new Address("127.0.0.1", 5701), 0, "get", "map"),
        new SplitBrainProtectionException("too few"),
        new TimeoutException("late"),
        new IllegalStateException("unexpected", new NullPointerException("nothing")));
  }

  @ParameterizedTest
  @MethodSource("errors")
  void errors_are_told(Throwable error) {
    error.addSuppressed(new IllegalArgumentException("on the way"));
    assertThat(MEMBER.<Object>toObject(written(error)))
        .isInstanceOfSatisfying(
            error.getClass(),
            read -> {
              assertThat(read).hasMessage(error.getMessage());
              assertThat(read.getSuppressed()).hasSize(1);
            });
  }

  static Stream<Object> others() {
    return Stream.of(
        // Of Hazelcast itself, but of what these members don't use.
        new QueryException("which"),
        new TopicOverloadException("where"),
        new BitSet(),
        URI.create("http://127.0.0.1"),
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 1),
        // Of a package within java.lang.
        (Runnable & Serializable) () -> {});
  }

  @ParameterizedTest
  @MethodSource("others")
  void anything_else_is_refused(Object other) {
    var data = written(other);
    assertThatThrownBy(() -> MEMBER.toObject(data)).hasStackTraceContaining("is not allowed");
  }

  private static Data written(Object object) {
    return ANOTHER.toData(object);
  }
}
