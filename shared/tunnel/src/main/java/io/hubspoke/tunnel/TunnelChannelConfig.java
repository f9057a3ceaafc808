package io.hubspoke.tunnel;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;

/** Settings of a {@link TunnelChannel}: those of a TCP connection that mean anything here. */
final class TunnelChannelConfig extends DefaultChannelConfig {
  private final Runnable readingStopped;
  private volatile boolean allowHalfClosure;
  private volatile int linger = -1;

  /**
   * @param readingStopped told, on any thread, that reading by itself was turned off
   */
  TunnelChannelConfig(Channel channel, Runnable readingStopped) {
    super(channel);
    this.readingStopped = readingStopped;
    // What came before a write failed is still to be read.
    setAutoClose(false);
  }

  /** Returns whether an end of what comes leaves the other way open. */
  boolean allowsHalfClosure() {
    return allowHalfClosure;
  }

  /** Returns whether closing is to break the connection off, as with TCP ({@code SO_LINGER} 0). */
  boolean breaksOff() {
    return linger == 0;
  }

  @Override
  public <T> boolean setOption(ChannelOption<T> option, T value) {
    validate(option, value);
    if (option.equals(ChannelOption.ALLOW_HALF_CLOSURE)) {
      allowHalfClosure = (Boolean) value;
    } else if (option.equals(ChannelOption.SO_LINGER)) {
      linger = (Integer) value;
    } else {
      return super.setOption(option, value);
    }
    return true;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T> T getOption(ChannelOption<T> option) {
    if (option.equals(ChannelOption.ALLOW_HALF_CLOSURE)) {
      return (T) Boolean.valueOf(allowHalfClosure);
    }
    if (option.equals(ChannelOption.SO_LINGER)) {
      return (T) Integer.valueOf(linger);
    }
    return super.getOption(option);
  }

  @Override
  protected void autoReadCleared() {
    readingStopped.run();
  }
}
