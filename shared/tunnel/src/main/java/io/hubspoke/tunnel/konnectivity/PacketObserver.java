package io.hubspoke.tunnel.konnectivity;

/** Is told of the packets of a stream, such as to count them; on the stream's event loop. */
public interface PacketObserver {
  /** Minds nothing. */
  PacketObserver NONE =
      new PacketObserver() {
        @Override
        public void sent(Packet packet) {}

        @Override
        public void received(Packet packet) {}
      };

  void sent(Packet packet);

  void received(Packet packet);
}
