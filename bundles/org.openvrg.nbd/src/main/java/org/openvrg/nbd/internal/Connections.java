package org.openvrg.nbd.internal;

import io.netty.channel.Channel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.nbd.NbdSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who may connect, who is connected, and to which export; thread-safe. */
final class Connections {
    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

    private final List<IpSubnetFilterRule> allow;
    private final int limit;
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();
    private final Map<Channel, String> exports = new ConcurrentHashMap<>();
    private boolean closed;

    Connections(NbdSettings settings) {
        this.limit = settings.limits().connections();
        this.allow = settings.allow().stream().map(Connections::rule).toList();
    }

    /** Whether an accepted connection may stay; forgets it by itself when it closes. */
    boolean admit(SocketChannel channel) {
        InetSocketAddress remote = channel.remoteAddress();
        if (remote == null || (!allow.isEmpty() && allow.stream().noneMatch(rule -> rule.matches(remote)))) {
            LOG.warn("Connection from {} refused: not in the allowed addresses", remote);
            return false;
        }
        synchronized (this) {
            if (closed || open.size() >= limit) {
                LOG.warn("Connection from {} refused: {} connections are open, {} allowed", remote, open.size(), limit);
                return false;
            }
            open.add(channel);
        }
        channel.closeFuture().addListener(done -> {
            open.remove(channel);
            exports.remove(channel);
        });
        return true;
    }

    /** Notes which export a connection uses. */
    void attach(Channel channel, String export) {
        exports.put(channel, export);
        if (!channel.isOpen()) {
            exports.remove(channel);
        }
    }

    /** Ends the connections to an export. */
    void closeExport(String export) {
        exports.forEach((channel, name) -> {
            if (name.equals(export)) {
                LOG.info("Export {} went away, closing the connection from {}", export, channel.remoteAddress());
                channel.close();
            }
        });
    }

    /** Ends all connections and admits no more. */
    void closeAll() {
        synchronized (this) {
            closed = true;
        }
        open.forEach(Channel::close);
    }

    int count() {
        return open.size();
    }

    private static IpSubnetFilterRule rule(String range) {
        int slash = range.indexOf('/');
        if (slash < 0) {
            return new IpSubnetFilterRule(range, range.indexOf(':') < 0 ? 32 : 128, IpFilterRuleType.ACCEPT);
        }
        int bits = Integer.parseInt(range.substring(slash + 1));
        return new IpSubnetFilterRule(range.substring(0, slash), bits, IpFilterRuleType.ACCEPT);
    }
}
