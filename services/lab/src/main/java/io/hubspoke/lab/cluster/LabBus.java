package io.hubspoke.lab.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.Message;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where on the event bus which messages are; each is the bytes of a JSON object. */
final class LabBus {
  /** A {@link Pulse} each second, from who began the lab to all. */
  static final String PULSE = "lab.pulse";

  /** An {@link Observation} twice a second, from each member that offers room. */
  static final String OBSERVATIONS = "lab.observations";

  private static final Logger LOG = LoggerFactory.getLogger(LabBus.class);
  private static final int MOST_BYTES = 16 * 1024;

  private LabBus() {}

  /** Where a member takes orders; the answer comes when one is done. */
  static String orders(String member) {
    return "lab.orders." + member;
  }

  static Buffer encode(ObjectNode message) {
    return Buffer.buffer(Json.bytes(message));
  }

  /** Reads a message; whatever is not of the kind is dropped. */
  static <T> Optional<T> decode(Message<Object> message, Function<ObjectNode, T> kind) {
    try {
      if (message.body() instanceof Buffer body && body.length() <= MOST_BYTES) {
        return Optional.of(kind.apply(Json.parseObject(body.getBytes())));
      }
      LOG.warn("{}: dropped what is no message of a lab", message.address());
    } catch (IllegalArgumentException | ApiException e) {
      LOG.warn("{}: dropped: {}", message.address(), e.getMessage());
    }
    return Optional.empty();
  }
}
