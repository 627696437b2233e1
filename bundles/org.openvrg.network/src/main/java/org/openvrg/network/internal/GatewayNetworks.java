package org.openvrg.network.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The networks of this gateway by the interfaces of the machine. Thread-safe. */
class GatewayNetworks implements NetworkService, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayNetworks.class);
    private static final String ANY_V4 = "0.0.0.0";
    private static final List<String> ANY = List.of(ANY_V4, "::", "[::]");

    private final Settings settings;
    private final Listeners listeners;
    private final PersistenceChoice persistence;
    private final ManagementNetwork management;

    /** Takes up a change that a former process left unsettled. */
    GatewayNetworks(Settings settings, Listeners listeners, CommandRunner commands) throws IOException {
        this.settings = settings;
        this.listeners = listeners;
        this.persistence = new PersistenceChoice(settings, commands);
        this.management = new ManagementNetwork(
                new PendingFile(settings.directory()),
                BootClock.ofLinux(),
                settings.confirmSeconds() * 1000L,
                ManagementNetwork.ANSWER_MILLIS,
                device -> new IpTool(settings.ip(), device, commands),
                this::keep);
    }

    private void keep(String device, Snapshot target) throws IOException {
        persistence
                .find(device)
                .orElseThrow(() -> new IOException("no network manager is known to keep " + device))
                .write(device, target);
    }

    @Override
    public List<Network> networks() throws RequestException {
        List<Network> networks = new ArrayList<>();
        NetworkInterface interfaceOfManagement = managementInterface();
        try {
            Optional<String> gateway = RoutingTable.defaultGateway(settings.managementInterface());
            networks.add(network(
                    Role.MANAGEMENT,
                    managementAddress(interfaceOfManagement, gateway),
                    listeners.restPort(),
                    Optional.of(gateway.orElse(""))));
            for (Role role : List.of(Role.HOST, Role.PEER)) {
                String name = role == Role.HOST ? settings.hostInterface() : settings.peerInterface();
                NetworkInterface found = NetworkInterface.getByName(name);
                if (found != null) {
                    int port = role == Role.HOST ? listeners.nbdPort() : listeners.linkPort();
                    networks.add(network(role, addresses(found).stream().findFirst(), port, Optional.empty()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return networks;
    }

    @Override
    public Management changeManagement(Management wanted) throws RequestException {
        ManagementSettings checked = ManagementSettings.of(wanted);
        NetworkInterface device = managementInterface();
        try {
            if (device.isLoopback()) {
                throw unchangeable("is the loopback", "为环回网卡");
            }
            if (!Privileges.mayChangeNetwork()) {
                throw unchangeable(
                        "can't be changed: the appliance has not the right, it has to run as root",
                        "无法修改:程序需要以 root 权限运行");
            }
            if (management.busy()) {
                throw busy();
            }
            checkListens(checked);
            checkFree(checked, device);
            checkKept();
            Optional<InterfaceAddress> old =
                    managementAddress(device, RoutingTable.defaultGateway(settings.managementInterface()));
            if (!management.begin(
                    settings.managementInterface(),
                    old.map(GatewayNetworks::cidr).orElse(""),
                    checked)) {
                throw busy();
            }
        } catch (IOException e) {
            LOG.error("the management network can't be changed", e);
            throw new RequestException(
                    ErrorCode.INTERNAL, "the network of the machine can't be read; see the log", "无法读取网络配置,请查看日志");
        }
        return checked.toManagement();
    }

    @Override
    public void authenticatedCall(String localAddress) {
        management.call(localAddress);
    }

    /** Ends its threads; what is unsettled is taken up at the next start. */
    @Override
    public void close() {
        management.close();
    }

    private NetworkInterface managementInterface() throws RequestException {
        try {
            NetworkInterface found = NetworkInterface.getByName(settings.managementInterface());
            if (found == null) {
                throw unchangeable("does not exist", "不存在");
            }
            return found;
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A call at the new address can only confirm it where REST listens there. */
    private void checkListens(ManagementSettings checked) throws RequestException {
        List<String> addresses = listeners.restAddresses();
        if (addresses.stream().noneMatch(address -> ANY.contains(address) || address.equals(checked.ipText()))) {
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    "REST listens at " + String.join(", ", addresses)
                            + " only, so the change could never be confirmed: " + "configure its listening address as "
                            + ANY_V4 + " first",
                    "REST 仅监听 " + String.join(", ", addresses) + ",新地址无法确认:请先将监听地址配置为 " + ANY_V4);
        }
    }

    private void checkFree(ManagementSettings checked, NetworkInterface device)
            throws RequestException, SocketException {
        for (NetworkInterface other : NetworkInterface.networkInterfaces().toList()) {
            boolean taken = !other.equals(device)
                    && addresses(other).stream()
                            .anyMatch(address ->
                                    address.getAddress().getHostAddress().equals(checked.ipText()));
            if (taken) {
                throw new RequestException(
                        ErrorCode.PARAMETER_INVALID,
                        "newIp " + checked.ipText() + " is the address of another interface of this machine",
                        "newIp " + checked.ipText() + " 已被本机其他网卡使用");
            }
        }
    }

    /** What could not be kept for the next boot is not begun. */
    private void checkKept() throws RequestException, IOException {
        String name = settings.managementInterface();
        Optional<Persistence> keeper = persistence.find(name);
        if (keeper.isEmpty()) {
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    "neither systemd-networkd nor ifupdown keeps " + name
                            + ": a change would be lost at the next boot; configure which of them shall",
                    name + " 未由 systemd-networkd 或 ifupdown 管理,修改无法在重启后保留:请先配置");
        }
        try {
            keeper.get().check(name);
        } catch (IOException e) {
            LOG.error("the settings of {} can't be kept for the next boot", name, e);
            throw unchangeable(
                    "can't be changed: the file for the next boot can't be written; see the log",
                    "无法修改:启动配置文件不可写,请查看日志");
        }
    }

    private RequestException unchangeable(String english, String chinese) {
        String name = settings.managementInterface();
        return new RequestException(
                ErrorCode.MANAGEMENT_INTERFACE_MISSING,
                "the management interface " + name + " " + english,
                "管理网卡 " + name + " " + chinese);
    }

    private static RequestException busy() {
        return new RequestException(
                ErrorCode.CONFLICT,
                "another change of the management network waits to be confirmed; call at its new address, or try again "
                        + "when it went back",
                "另一项管理网络修改尚待确认,请稍后重试");
    }

    private static Network network(Role role, Optional<InterfaceAddress> address, int port, Optional<String> gateway) {
        return new Network(
                role,
                address.map(found -> found.getAddress().getHostAddress()).orElse(""),
                port,
                address.map(found -> Ipv4.format(Ipv4.mask(found.getNetworkPrefixLength())))
                        .orElse(""),
                gateway);
    }

    /** The address in the network of the default gateway; without one, any. */
    private static Optional<InterfaceAddress> managementAddress(NetworkInterface device, Optional<String> gateway) {
        List<InterfaceAddress> all = addresses(device);
        OptionalLong way = gateway.map(Ipv4::parse).orElse(OptionalLong.empty());
        return all.stream()
                .filter(address -> way.isPresent() && contains(address, way.getAsLong()))
                .findFirst()
                .or(() -> all.stream().findFirst());
    }

    private static boolean contains(InterfaceAddress address, long other) {
        long mask = Ipv4.mask(address.getNetworkPrefixLength());
        long own = Ipv4.parse(address.getAddress().getHostAddress()).orElseThrow();
        return (own & mask) == (other & mask);
    }

    private static String cidr(InterfaceAddress address) {
        return address.getAddress().getHostAddress() + "/" + address.getNetworkPrefixLength();
    }

    private static List<InterfaceAddress> addresses(NetworkInterface device) {
        return device.getInterfaceAddresses().stream()
                .filter(address -> address.getAddress() instanceof Inet4Address)
                .toList();
    }
}
