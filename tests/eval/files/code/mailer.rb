# frozen_string_literal: true

# Sends the mails of the shop, and keeps what could not be sent.
module Mailer
  BATCH_SIZE = 200
  PAUSE_BETWEEN_BATCHES = 3 # seconds, the relay asks for it

  # A mail that is ready to be sent.
  Message = Struct.new(:recipient, :subject, :body, :language, keyword_init: true) do
    def valid?
      recipient.include?("@") && !subject.empty?
    end
  end

  # Raised when the relay says no for good.
  class Rejected < StandardError
    attr_reader :code

    def initialize(code, text)
      @code = code
      super("#{code}: #{text}")
    end
  end

  # Hands messages to the relay in batches.
  class Dispatcher
    def initialize(relay, outbox, clock: Time)
      @relay = relay
      @outbox = outbox
      @clock = clock
    end

    # Returns how many messages have left; the others stay in the outbox.
    def deliver_all
      sent = 0
      @outbox.each_batch(BATCH_SIZE) do |batch|
        batch.each { |message| sent += 1 if deliver(message) }
        sleep PAUSE_BETWEEN_BATCHES
      end
      sent
    end

    def deliver(message)
      return false unless message.valid?

      @relay.send_message(message)
      @outbox.remove(message)
      true
    rescue Rejected => e
      @outbox.bury(message, e.code)
      false
    end

    def quiet_hours?
      hour = @clock.now.hour
      hour < 7 || hour >= 21
    end
  end

  # Picks the text in the language of the customer, English when there is none.
  def self.template_for(name, language)
    path = "templates/#{language}/#{name}.txt"
    File.exist?(path) ? path : "templates/en/#{name}.txt"
  end
end
