// 802.11p broadcast as ns-3 computes it, with the command line and the output of `roadveil bench radio`.
//
//   ns3-radio curve   [--fading nakagami|none] [--bytes B] [--exponent X] [--frames F] [--seed S]
//   ns3-radio clique  [--nodes N] [--fading nakagami|none] [--bytes B] [--exponent X] [--seconds T] [--seed S]
//   ns3-radio highway [--nodes N] [--spacing D] [--fading nakagami|none] [--bytes B] [--exponent X] [--seconds T] [--seed S]
//   ns3-radio ideal   [--nodes N] [--bytes B] [--seconds T] [--seed S]       no radio: one channel that loses nothing
//
// One CSV row for each bin of 25 m (one row for a clique): mode, distance in metres or nodes, sender-receiver pairs,
// pairs in which the frame was received, their ratio. With --count, one line `sent=... deliveries=...` over all senders
// instead, without the silence at a run's end, for `roadveil bench peers`.

#include "ns3/core-module.h"
#include "ns3/mobility-module.h"
#include "ns3/network-module.h"
#include "ns3/propagation-module.h"
#include "ns3/simple-net-device-helper.h"
#include "ns3/wave-module.h"
#include "ns3/wifi-module.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace
{

/// Width of a bin of distance, metres.
const double BIN = 25;
/// No frame is sent in the last part of a run, so that none is cut off by its end, seconds.
const double TAIL = 0.2;
/// EtherType of WAVE short messages.
const uint16_t ETHERTYPE = 0x88dc;

struct Options
{
    std::string mode;
    std::string fading;
    uint32_t bytes = 300;
    double exponent = 2.5;
    uint32_t frames = 4000;
    uint32_t nodes = 50;
    double seconds = 10;
    double spacing = 10;
    uint32_t seed = 1;
    bool count = false;

    bool Curve() const { return mode == "curve"; }
    bool Clique() const { return mode == "clique"; }
    bool Highway() const { return mode == "highway"; }
    bool Ideal() const { return mode == "ideal"; }
};

[[noreturn]] void
Refuse(const std::string& why)
{
    std::cerr << "ns3-radio: " << why << "\n";
    std::exit(2);
}

Options
Read(int argc, char** argv)
{
    Options o;
    if (argc < 2)
        Refuse("expected curve, clique, highway or ideal");
    o.mode = argv[1];
    if (!o.Curve() && !o.Clique() && !o.Highway() && !o.Ideal())
        Refuse("unknown mode " + o.mode);
    o.nodes = o.Highway() ? 200 : 50;
    o.fading = o.Clique() ? "none" : "nakagami";
    for (int at = 2; at < argc; at++)
    {
        const std::string flag = argv[at];
        if (flag == "--count")
        {
            o.count = true;
            continue;
        }
        if (at + 1 >= argc)
            Refuse(flag + " lacks its value");
        const char* value = argv[++at];
        if (flag == "--fading")
            o.fading = value;
        else if (flag == "--bytes")
            o.bytes = std::atoi(value);
        else if (flag == "--exponent")
            o.exponent = std::atof(value);
        else if (flag == "--frames")
            o.frames = std::atoi(value);
        else if (flag == "--nodes")
            o.nodes = std::atoi(value);
        else if (flag == "--seconds")
            o.seconds = std::atof(value);
        else if (flag == "--spacing")
            o.spacing = std::atof(value);
        else if (flag == "--seed")
            o.seed = std::atoi(value);
        else
            Refuse("unknown flag " + flag);
    }
    if (o.fading != "nakagami" && o.fading != "none")
        Refuse("--fading is nakagami or none");
    if (o.bytes == 0 || o.nodes == 0)
        Refuse("--bytes and --nodes are at least 1");
    return o;
}

/// Places, senders and counts of one run.
class Bench
{
  public:
    explicit Bench(const Options& options);
    void Run();
    void Print() const;

  private:
    void Place();
    void Install();
    void Send(uint32_t sender);
    bool Received(ns3::Ptr<ns3::NetDevice> device, ns3::Ptr<const ns3::Packet> packet, uint16_t protocol,
                  const ns3::Address& from);
    /// Do this sender's frames count? On a highway those of the outer quarters do not: they have fewer neighbours.
    bool Counts(uint32_t sender) const;
    long BinOf(uint32_t a, uint32_t b) const;

    struct Pairs
    {
        uint64_t sent = 0;
        uint64_t received = 0;
    };

    const Options m_options;
    double m_period = 0.1;
    double m_last = 0;
    ns3::Ptr<ns3::UniformRandomVariable> m_random;
    std::vector<ns3::Vector> m_places;
    ns3::NetDeviceContainer m_devices;
    std::map<ns3::Address, uint32_t> m_senders;
    std::map<long, Pairs> m_bins;
    uint64_t m_frames = 0;
};

Bench::Bench(const Options& options)
    : m_options(options)
{
    ns3::RngSeedManager::SetSeed(options.seed);
    m_random = ns3::CreateObject<ns3::UniformRandomVariable>();
    // The curve's single sender begins at 0.1 s and sends each 10 ms; there is room for `frames` and a few more.
    const double seconds = options.Curve() ? options.frames * 0.01 + 0.5 : options.seconds;
    m_period = options.Curve() ? 0.01 : 0.1;
    m_last = options.count ? seconds : seconds - TAIL;
    Place();
    Install();
    ns3::Simulator::Stop(ns3::Seconds(seconds));
}

void
Bench::Place()
{
    const double height = 1.5;
    if (m_options.Curve())
        for (int metres = 0; metres <= 1000; metres += 25)
            m_places.emplace_back(metres, 0, height);
    else if (m_options.Highway())
        for (uint32_t i = 0; i < m_options.nodes; i++)
            m_places.emplace_back(m_options.spacing * i, 0, height);
    else
        for (uint32_t i = 0; i < m_options.nodes; i++)
        {
            const double x = m_random->GetValue(0, 70);
            m_places.emplace_back(x, m_random->GetValue(0, 70), height);
        }
}

void
Bench::Install()
{
    ns3::NodeContainer nodes(m_places.size());
    if (m_options.Ideal())
    {
        auto channel = ns3::CreateObject<ns3::SimpleChannel>();
        channel->SetAttribute("Delay", ns3::TimeValue(ns3::MilliSeconds(1)));
        m_devices = ns3::SimpleNetDeviceHelper().Install(nodes, channel);
    }
    else
    {
        auto positions = ns3::CreateObject<ns3::ListPositionAllocator>();
        for (const auto& place : m_places)
            positions->Add(place);
        ns3::MobilityHelper mobility;
        mobility.SetMobilityModel("ns3::ConstantPositionMobilityModel");
        mobility.SetPositionAllocator(positions);
        mobility.Install(nodes);

        ns3::YansWifiChannelHelper channel;
        channel.SetPropagationDelay("ns3::ConstantSpeedPropagationDelayModel");
        channel.AddPropagationLoss("ns3::LogDistancePropagationLossModel", "Exponent",
                                   ns3::DoubleValue(m_options.exponent), "ReferenceLoss", ns3::DoubleValue(47.86));
        if (m_options.fading == "nakagami")
            channel.AddPropagationLoss("ns3::NakagamiPropagationLossModel", "m0", ns3::DoubleValue(3), "m1",
                                       ns3::DoubleValue(1.5), "m2", ns3::DoubleValue(1), "Distance1",
                                       ns3::DoubleValue(50), "Distance2", ns3::DoubleValue(150));
        ns3::YansWifiPhyHelper phy;
        phy.SetChannel(channel.Create());
        phy.Set("TxPowerStart", ns3::DoubleValue(20));
        phy.Set("TxPowerEnd", ns3::DoubleValue(20));
        const ns3::StringValue rate("OfdmRate6MbpsBW10MHz");
        auto wifi = ns3::Wifi80211pHelper::Default();
        wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager", "DataMode", rate, "ControlMode", rate,
                                     "NonUnicastMode", rate);
        m_devices = wifi.Install(phy, ns3::NqosWaveMacHelper::Default(), nodes);
    }
    for (uint32_t i = 0; i < m_devices.GetN(); i++)
    {
        m_senders[m_devices.Get(i)->GetAddress()] = i;
        m_devices.Get(i)->SetReceiveCallback(ns3::MakeCallback(&Bench::Received, this));
    }
    const uint32_t senders = m_options.Curve() ? 1 : m_places.size();
    for (uint32_t i = 0; i < senders; i++)
    {
        const double first = m_options.Curve() ? 0.1 : m_random->GetValue(0, m_period);
        ns3::Simulator::Schedule(ns3::Seconds(first), &Bench::Send, this, i);
    }
}

bool
Bench::Counts(uint32_t sender) const
{
    const double road = m_options.spacing * m_options.nodes;
    const double x = m_places[sender].x;
    return m_options.count || !m_options.Highway() || (x >= road * 0.25 && x <= road * 0.75);
}

long
Bench::BinOf(uint32_t a, uint32_t b) const
{
    return m_options.Clique() ? 0 : std::lround(ns3::CalculateDistance(m_places[a], m_places[b]) / BIN);
}

void
Bench::Send(uint32_t sender)
{
    if (ns3::Simulator::Now().GetSeconds() > m_last)
        return;
    m_frames++;
    if (Counts(sender))
        for (uint32_t other = 0; other < m_places.size(); other++)
            if (other != sender)
                m_bins[BinOf(sender, other)].sent++;
    auto device = m_devices.Get(sender);
    device->Send(ns3::Create<ns3::Packet>(m_options.bytes), device->GetBroadcast(), ETHERTYPE);
    ns3::Simulator::Schedule(ns3::Seconds(m_period), &Bench::Send, this, sender);
}

bool
Bench::Received(ns3::Ptr<ns3::NetDevice> device, ns3::Ptr<const ns3::Packet>, uint16_t, const ns3::Address& from)
{
    const auto sender = m_senders.find(from);
    if (sender != m_senders.end() && Counts(sender->second))
        m_bins[BinOf(sender->second, device->GetNode()->GetId())].received++;
    return true;
}

void
Bench::Run()
{
    ns3::Simulator::Run();
    ns3::Simulator::Destroy();
}

void
Bench::Print() const
{
    if (m_options.count)
    {
        uint64_t received = 0;
        for (const auto& [bin, pairs] : m_bins)
            received += pairs.received;
        std::printf("sent=%lu deliveries=%lu\n", m_frames, received);
        return;
    }
    std::printf("mode,%s,sent,received,ratio\n", m_options.Clique() ? "nodes" : "distance_m");
    for (const auto& [bin, pairs] : m_bins)
        if (pairs.sent > 0)
            std::printf("%s,%g,%lu,%lu,%.4f\n", m_options.mode.c_str(),
                        m_options.Clique() ? double(m_options.nodes) : bin * BIN, pairs.sent, pairs.received,
                        double(pairs.received) / double(pairs.sent));
}

} // namespace

int
main(int argc, char** argv)
{
    Bench bench(Read(argc, argv));
    bench.Run();
    bench.Print();
}
